/** Owns what a bundle looks like where it is written: the JSON Schema of what is said of one tenant. What it must mean is `bundle.rules.ts`. */
import type { JsonObject } from "../catalog/catalog.js";

/** What stands under a tenant's slug, after {@link TENANT_SHAPE}. */
export interface TenantContent {
  readonly name?: string;
  readonly settings?: JsonObject;
  readonly environments?: readonly EnvironmentContent[];
  readonly teams?: Readonly<Record<string, TeamContent>>;
  readonly allTeams?: boolean;
  /** Of each a body, or a list of bodies: told apart by `bundle.rules.ts`. */
  readonly flows?: JsonObject;
}

export interface EnvironmentContent {
  readonly id: string;
  readonly name?: string;
  readonly cluster?: string;
  readonly settings?: JsonObject;
  readonly flows?: Readonly<Record<string, number>>;
}

export interface TeamContent {
  readonly name?: string;
  readonly settings?: JsonObject;
  readonly channels?: Readonly<Record<string, ChannelContent>>;
}

export interface ChannelContent {
  readonly provider: string;
  readonly config?: JsonObject;
}

/** Only what is listed, so that a misspelt member is no silent hole. */
export function exactly(properties: JsonObject, required: readonly string[] = []): JsonObject {
  return { type: "object", properties, required, additionalProperties: false };
}

export const TEXT: JsonObject = { type: "string" };
/** Its members are judged by what knows them, and by name. */
export const SETTINGS: JsonObject = { type: "object" };

const CHANNEL = exactly({ provider: TEXT, config: { type: "object" } }, ["provider"]);
export const CHANNELS: JsonObject = { type: "object", additionalProperties: CHANNEL };
const TEAM = exactly({ name: TEXT, settings: SETTINGS, channels: CHANNELS });

const RUNNING_FLOWS: JsonObject = { type: "object", additionalProperties: { type: "integer", minimum: 1, maximum: 2_147_483_647 } };
const ENVIRONMENT = exactly({ id: TEXT, name: TEXT, cluster: TEXT, settings: SETTINGS, flows: RUNNING_FLOWS }, ["id"]);
export const ENVIRONMENTS: JsonObject = { type: "array", items: ENVIRONMENT };

export const TENANT_SHAPE: JsonObject = exactly({
  name: TEXT,
  settings: SETTINGS,
  environments: ENVIRONMENTS,
  teams: { type: "object", additionalProperties: TEAM },
  allTeams: { type: "boolean" },
  flows: { type: "object" },
});
