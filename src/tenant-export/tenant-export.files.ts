/**
 * Owns what an export holds: one file a noun, each with its columns by name. A column that is not named stays at home, so that a
 * later one with a secret in it is not carried out by forgetting; a test asks of every column which of the two was meant.
 */
import sql, { raw, type Sql } from "sql-template-tag";
import type { Listing } from "../kernel/page.js";

/** Rows of one table, as lines of JSON in the order in which they were made. */
export interface ExportFile {
  /** Its name in the archive. */
  name: string;
  table: string;
  /** Column → its name in the JSON. */
  columns: Readonly<Record<string, string>>;
  listing: Listing;
}

interface Shape {
  /** What is written instead of the column itself. */
  instead?: Readonly<Record<string, string>>;
  /** Columns whose name for the world is not made from their own. */
  renamed?: Readonly<Record<string, string>>;
  /** What the lines are ordered by, a column that never changes, and what breaks ties. */
  key?: { column: string; type: "text" | "timestamptz" };
  id?: string;
}

/** Of a provider's settings only what names it: what else people put there may be a secret, and so may text that holds a private key. */
const PROVIDER_NAMES = ["discovery_url", "issuer", "client_id", "entity_id", "sso_url", "certificate"];
const REDACTED_METADATA = `(
  select coalesce(jsonb_object_agg(m.key, m.value), '{}') from jsonb_each(e.metadata) m
  where m.key in (${PROVIDER_NAMES.map((name) => `'${name}'`).join(", ")}) and jsonb_typeof(m.value) = 'string' and m.value::text not like '%PRIVATE KEY%')`;

export const EXPORT_FILES: readonly ExportFile[] = [
  fileOf("tenant.json", "tenants", "id slug name kind plan trial_ends_at frozen_at cancel_reason settings created_at updated_at version"),
  fileOf("projects.ndjson", "tenant_projects", "id slug name status created_at updated_at version"),
  fileOf("entitlements.ndjson", "tenant_products", "product enabled config source expires_at trial_started_at created_at updated_at version", {
    key: { column: "product", type: "text" },
    id: "tenant_id",
  }),
  fileOf("product-requests.ndjson", "product_requests", "id product status message requested_by requested_by_name decided_at created_at updated_at version"),
  fileOf(
    "api-keys.ndjson",
    "api_keys",
    "id product name scopes prefix lookup_id environment project_id owner_kind owner_id allowed_ips expires_at rotated_from_id rotated_at overlap_ends_at created_by last_used_at revoked_at revoked_by revoke_reason imported_at created_at",
  ),
  fileOf("api-key-policy.ndjson", "api_key_policies", "max_lifetime_days may_never_expire created_at updated_at version", { id: "tenant_id" }),
  fileOf("api-key-usage.ndjson", "api_key_usage", "id api_key_id day verified refused created_at"),
  fileOf("idp-configs.ndjson", "tenant_idp_config", "id type metadata verified created_at updated_at", { instead: { metadata: REDACTED_METADATA } }),
  fileOf("invitations.ndjson", "tenant_invitations", "id email name state sent_at expires_at accepted_at role_granted_at created_at version"),
  fileOf("environments.ndjson", "tenant_environments", "id slug name settings archived_at created_at updated_at version"),
  fileOf("placements.ndjson", "environment_placements", "id environment_id cluster placed_at ended_at", { key: { column: "placed_at", type: "timestamptz" } }),
  fileOf("teams.ndjson", "tenant_teams", "id slug name settings archived_at created_at updated_at version"),
  fileOf("channels.ndjson", "team_channels", "id team_id slug provider config archived_at created_at updated_at version"),
  fileOf("flows.ndjson", "tenant_flows", "id name latest_number created_at"),
  fileOf("flow-versions.ndjson", "flow_versions", "id flow_id number body published_by created_at"),
  fileOf("running-flows.ndjson", "environment_flows", "id environment_id flow_id number created_at"),
  fileOf("usage.ndjson", "tenant_usage", "id environment day operations errors created_at"),
  fileOf("audit-events.ndjson", "audit_log", "uid project_id actor_id actor_name actor_type action target_id target_type target_name product metadata source_ip user_agent request_id created_at", {
    renamed: { uid: "id" },
    id: "uid",
  }),
];

function fileOf(name: string, table: string, columnList: string, { instead = {}, renamed = {}, key = { column: "created_at", type: "timestamptz" }, id = "id" }: Shape = {}): ExportFile {
  const columns = Object.fromEntries(columnList.split(" ").map((column) => [column, renamed[column] ?? inCamelCase(column)]));
  const selected = Object.entries(columns).map(([column, shown]) => `${instead[column] ?? `e.${column}`} as "${shown}"`);
  return {
    name,
    table,
    columns,
    listing: {
      // Postgres writes the JSON: times keep their microseconds and numbers their digits.
      columns: sql`${named(id)} as id, (select row_to_json(line) from (select ${raw(selected.join(", "))}) line)::text as line`,
      from: sql`${raw(table)} e`,
      id: named(id),
      where: [],
      order: { name: `export.${table}`, key: named(key.column), type: key.type, descending: false },
    },
  };
}

function named(column: string): Sql {
  return sql`${raw(`e.${column}`)}`;
}

function inCamelCase(column: string): string {
  return column.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
