/** Owns how identity provider configurations are found. */
import sql from "sql-template-tag";
import { columnsOf } from "../kernel/columns.js";
import type { Doors } from "../kernel/doors.js";
import { listOf } from "../kernel/list.js";
import { loaderById } from "../kernel/loaders.js";
import { IdpConfig } from "./idp-config.entity.js";

const columns = columnsOf(IdpConfig, "i");

/** A tenant has a handful of providers, so the list needs no pages. */
const idpConfigsOfTenant = listOf<IdpConfig>({
  typeName: "Tenant",
  fieldName: "idpConfigs",
  entity: IdpConfig,
  columns,
  from: sql`tenant_idp_config i`,
  parent: sql`i.tenant_id`,
  order: sql`i.type`,
});

export function idpConfigReads(doors: Doors) {
  return {
    byId: loaderById<IdpConfig>(
      (ids) => doors.read(sql`select ${columns} from tenant_idp_config i where i.id = any(${ids}::uuid[])`),
      ({ id }) => id,
    ),
    ofTenant: idpConfigsOfTenant(doors),
  };
}
