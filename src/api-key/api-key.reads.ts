/** Owns how API keys are found. */
import sql, { raw, type Sql } from "sql-template-tag";
import { columnsOf } from "../kernel/columns.js";
import type { Doors } from "../kernel/doors.js";
import { loaderById } from "../kernel/loaders.js";
import { pagesOf, type Order } from "../kernel/page.js";
import { declareStub } from "../kernel/projection.js";
import { ApiKey } from "./api-key.entity.js";
import type { ApiKeyFilter } from "./api-key.inputs.js";

const columns = columnsOf(ApiKey, "k");
declareStub("ApiKey", "product", { key: "k.product" });
declareStub("ApiKey", "createdBy", { id: "k.created_by" });
const NEWEST_FIRST: Order = { name: "api_key.created_at.desc", key: sql`k.created_at`, type: "timestamptz", descending: true };

const apiKeysOfTenant = pagesOf<ApiKey, { filter?: ApiKeyFilter | null }>({
  typeName: "Tenant",
  fieldName: "apiKeys",
  entity: ApiKey,
  parent: sql`k.tenant_id`,
  listing: ({ filter }) => ({
    columns,
    from: sql`api_keys k`,
    id: sql`k.id`,
    where: conditions(filter ?? {}),
    order: NEWEST_FIRST,
  }),
});

export function apiKeyReads(doors: Doors) {
  return {
    byId: loaderById<ApiKey>(
      (ids) => doors.read(sql`select ${columns} from api_keys k where k.id = any(${ids}::uuid[])`),
      ({ id }) => id,
    ),
    ofTenant: apiKeysOfTenant(doors),
  };
}

function conditions({ revoked, product }: ApiKeyFilter): Sql[] {
  const where: Sql[] = [];
  if (revoked != null) where.push(sql`k.revoked_at is ${raw(revoked ? "not null" : "null")}`);
  if (product != null) where.push(sql`k.product = ${product}`);
  return where;
}
