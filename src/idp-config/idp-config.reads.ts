/** Owns how identity provider configurations are found. */
import sql from "sql-template-tag";
import { columnsOf } from "../kernel/columns.js";
import type { Doors } from "../kernel/doors.js";
import { loaderById, loaderOfLists } from "../kernel/loaders.js";
import { IdpConfig } from "./idp-config.entity.js";

const columns = columnsOf(IdpConfig, "i");

export function idpConfigReads(doors: Doors) {
  return {
    byId: loaderById<IdpConfig>(
      (ids) => doors.read(sql`select ${columns} from tenant_idp_config i where i.id = any(${ids}::uuid[])`),
      ({ id }) => id,
    ),
    /** A tenant has a handful of providers, so the list needs no pages. */
    ofTenant: loaderOfLists<IdpConfig>(
      (tenantIds) => doors.read(sql`
        select ${columns} from tenant_idp_config i where i.tenant_id = any(${tenantIds}::uuid[]) order by i.tenant_id, i.type`),
      ({ tenantId }) => tenantId,
    ),
  };
}
