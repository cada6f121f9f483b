/** Owns how entitlements are found. */
import DataLoader from "dataloader";
import type { GraphQLResolveInfo } from "graphql";
import sql from "sql-template-tag";
import { columnsOf } from "../kernel/columns.js";
import type { Doors } from "../kernel/doors.js";
import { notFound } from "../kernel/fault.js";
import { listOf } from "../kernel/list.js";
import { declareStub, declareWrite } from "../kernel/projection.js";
import type { RequestContext } from "../kernel/request.js";
import type { Tenant } from "../tenant/tenant.entity.js";
import { tenantReads } from "../tenant/tenant.reads.js";
import { Entitlement } from "./entitlement.entity.js";
import { entitlementId, entitlementKeyFrom } from "./entitlement.rules.js";
import { verdictOf, type Verdict } from "./entitlement.verdict.js";

const columns = columnsOf(Entitlement, "e");
declareWrite("Entitlement", "id", () => sql`e.tenant_id || ':' || e.product`);
declareStub("Entitlement", "product", { key: "e.product" });

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
  const lists = entitlementsOfTenant(doors);
  const owners = new WeakMap<Entitlement, Tenant>();
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
    async ofTenant(tenant: Tenant, info: GraphQLResolveInfo): Promise<Entitlement[]> {
      const rows = await lists.load(tenant, info);
      for (const row of rows) owners.set(row, tenant);
      return rows;
    },
    /** The tenant below which the row was listed, if it was. */
    ownerOf: (entitlement: Entitlement) => owners.get(entitlement),
  };
}

/** What counts of an entitlement now. A listed one has its tenant at hand; for all others the tenants are one statement. */
export async function verdictOn({ reads, facilities: { catalog }, now }: RequestContext, entitlement: Entitlement, info: GraphQLResolveInfo): Promise<Verdict> {
  const tenant = reads(entitlementReads).ownerOf(entitlement) ?? (await reads(tenantReads).byId(entitlement.tenantId, info));
  if (!tenant) throw notFound("Tenant");
  return verdictOf({ tenant, product: entitlement.product, entitlement, catalog, now: now() });
}
