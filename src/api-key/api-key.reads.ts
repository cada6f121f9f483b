/** Owns how API keys are found. */
import sql, { raw, type Sql } from "sql-template-tag";
import { columnsOf } from "../kernel/columns.js";
import type { Doors } from "../kernel/doors.js";
import { isUuid } from "../kernel/id.js";
import { loaderById } from "../kernel/loaders.js";
import { pagesOf, type Order } from "../kernel/page.js";
import type { PageArgs } from "../kernel/connection.js";
import type { Principal } from "../kernel/principal.js";
import { declareStub, declareWrite, NOW, objectTypeOf, writeObject } from "../kernel/projection.js";
import { ApiKey } from "./api-key.entity.js";
import type { ApiKeyFilter } from "./api-key.inputs.js";
import { ApiKeyState, stateAtSql } from "./api-key.state.js";

/** What a statement reads of a key; neither its hash nor its pepper. */
export const API_KEY_COLUMNS = columnsOf(ApiKey, "k");
declareStub("ApiKey", "product", { key: "k.product" });
declareStub("ApiKey", "createdBy", { id: "k.created_by" });
declareStub("ApiKey", "owner", { id: "k.owner_id" });
declareStub("ApiKey", "revokedBy", { id: "k.revoked_by" });
declareWrite("ApiKey", "imported", () => sql`k.imported_at is not null`);
declareWrite("ApiKey", "state", () => sql`upper(${stateAtSql(sql`${NOW}::timestamptz`)})`);
declareWrite("ApiKey", "project", ({ field, nodes }, at) => {
  const type = objectTypeOf(field);
  const row = type && writeObject(type, nodes, at);
  return row && sql`(select ${row} from tenant_projects p where p.tenant_id = k.tenant_id and p.id = k.project_id)`;
});
const NEWEST_FIRST: Order = { name: "api_key.created_at.desc", key: sql`k.created_at`, type: "timestamptz", descending: true };

/** A key's state is asked of one moment, so that the pages of many tenants stay one statement. */
type FilterAt = ApiKeyFilter & { asOf: Date };

const apiKeysOfTenant = pagesOf<ApiKey, { filter: FilterAt | null }>({
  typeName: "Tenant",
  fieldName: "apiKeys",
  entity: ApiKey,
  parent: sql`k.tenant_id`,
  listing: ({ filter }) => ({
    columns: API_KEY_COLUMNS,
    from: sql`api_keys k`,
    id: sql`k.id`,
    where: filter ? conditions(filter) : [],
    order: NEWEST_FIRST,
  }),
});

export function apiKeyReads(doors: Doors, _caller: Principal | null, now: () => Date) {
  const pages = apiKeysOfTenant(doors);
  const asOf = now();
  return {
    byId: loaderById<ApiKey>(
      (ids) => doors.read(sql`select ${API_KEY_COLUMNS} from api_keys k where k.id = any(${ids}::uuid[])`),
      ({ id }) => id,
    ),
    ofTenant: ({ filter, page }: { filter: ApiKeyFilter | null; page: PageArgs }) => pages({ filter: filter && { ...filter, asOf }, page }),
  };
}

function conditions({ asOf, revoked, state, product, environment, projectId, createdById, expiresBefore, prefix, lookupId }: FilterAt): Sql[] {
  const where: Sql[] = [];
  const stands = stateAtSql(sql`${asOf}::timestamptz`);
  if (revoked != null) where.push(sql`${stands} ${raw(revoked ? "=" : "<>")} ${ApiKeyState.REVOKED}`);
  if (state != null) where.push(sql`${stands} = ${state}`);
  if (product != null) where.push(sql`k.product = ${product}`);
  if (environment != null) where.push(sql`k.environment = ${environment}::api_key_environment`);
  if (projectId != null) where.push(isUuid(projectId) ? sql`k.project_id = ${projectId}::uuid` : sql`false`);
  if (createdById != null) where.push(sql`k.created_by = ${createdById}`);
  if (expiresBefore != null) where.push(sql`k.expires_at < ${expiresBefore}`);
  if (prefix != null) where.push(sql`k.prefix = ${prefix}`);
  if (lookupId != null) where.push(sql`k.lookup_id = ${lookupId}`);
  return where;
}
