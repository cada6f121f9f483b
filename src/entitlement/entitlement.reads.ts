/** Owns how entitlements are found. */
import DataLoader from "dataloader";
import sql from "sql-template-tag";
import { columnsOf } from "../kernel/columns.js";
import type { Doors } from "../kernel/doors.js";
import { listOf } from "../kernel/list.js";
import { Entitlement } from "./entitlement.entity.js";
import { entitlementId, entitlementKeyFrom } from "./entitlement.rules.js";

const columns = columnsOf(Entitlement, "e");

/** A tenant has at most one entitlement for each product of the catalogue, so the list needs no pages. */
const entitlementsOfTenant = listOf<Entitlement>({
  typeName: "Tenant",
  fieldName: "entitlements",
  entity: Entitlement,
  columns,
  from: sql`tenant_products e`,
  parent: sql`e.tenant_id`,
  order: sql`e.product`,
});

export function entitlementReads(doors: Doors) {
  return {
    /** By `<tenant id>:<product key>`. */
    byId: new DataLoader<string, Entitlement | null>(async (ids) => {
      const keys = ids.map(entitlementKeyFrom);
      const asked = keys.filter((key) => key !== null);
      const rows = await doors.read<Entitlement>(sql`
        select ${columns} from tenant_products e
        where (e.tenant_id, e.product) in (
          select * from unnest(${asked.map(({ tenantId }) => tenantId)}::uuid[], ${asked.map(({ product }) => product)}::text[]))`);
      const found = new Map(rows.map((row) => [entitlementId(row), row]));
      return keys.map((key) => (key && found.get(entitlementId(key))) ?? null);
    }),
    ofTenant: entitlementsOfTenant(doors),
  };
}
