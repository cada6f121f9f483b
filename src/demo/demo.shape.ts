/** Owns what the golden snapshot's file looks like: the JSON Schema that it is checked with, and the same as types. What it must mean is `demo.snapshot.ts`. */
import type { JsonObject } from "../catalog/catalog.js";
import { LABEL } from "../kernel/validation.js";
import { ProjectStatus } from "../project/project.entity.js";
import { PROJECT_SLUG } from "../project/project.rules.js";
import { TENANT_SLUG } from "../tenant/tenant.rules.js";

/** The file after {@link SNAPSHOT_SHAPE}. */
export interface SnapshotContent {
  readonly tenants: readonly TenantContent[];
}

export interface TenantContent {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly plan: string;
  readonly projects?: readonly { readonly id: string; readonly slug: string; readonly name: string; readonly status?: ProjectStatus }[];
  readonly entitlements?: Readonly<Record<string, { readonly config?: JsonObject }>>;
}

/** A demo is something to look at, and all of them together are put back within one job. */
const MAX_TENANTS = 20;
const MAX_PROJECTS = 50;
const MAX_ENTITLEMENTS = 50;

/** As Postgres prints it, so that two spellings are not two ids. */
const id = { type: "string", pattern: "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$" };
const name = { type: "string", minLength: 1, maxLength: 200, pattern: "^[^\\p{Cc}]*[^\\p{Cc}\\s][^\\p{Cc}]*$" };

function exactly(properties: JsonObject, required: readonly string[]): JsonObject {
  return { type: "object", properties, required, additionalProperties: false };
}

const PROJECT = exactly({ id, slug: { type: "string", pattern: PROJECT_SLUG.source }, name, status: { enum: Object.values(ProjectStatus) } }, ["id", "slug", "name"]);

const TENANT = exactly(
  {
    id,
    slug: { type: "string", pattern: TENANT_SLUG.source },
    name,
    plan: { type: "string", pattern: LABEL.source },
    projects: { type: "array", items: PROJECT, maxItems: MAX_PROJECTS },
    entitlements: {
      type: "object",
      patternProperties: { [LABEL.source]: exactly({ config: { type: "object" } }, []) },
      additionalProperties: false,
      maxProperties: MAX_ENTITLEMENTS,
    },
  },
  ["id", "slug", "name", "plan"],
);

export const SNAPSHOT_SHAPE: JsonObject = exactly({ tenants: { type: "array", items: TENANT, maxItems: MAX_TENANTS } }, ["tenants"]);
