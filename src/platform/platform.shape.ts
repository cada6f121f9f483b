/** Owns what the platform's file looks like: the JSON Schema that it is checked with, and the same as types. What it must mean is `platform.manifest.ts`. */
import type { JsonObject } from "../catalog/catalog.js";
import { LABEL } from "../kernel/validation.js";
import { ClusterKind, INFRASTRUCTURE, type Infrastructure } from "./platform.js";

/** The file after {@link PLATFORM_SHAPE}. */
export interface PlatformContent {
  readonly clusters: Readonly<Record<string, ClusterContent>>;
  readonly providers: Readonly<Record<string, ProviderContent>>;
}

export interface ClusterContent {
  readonly name: string;
  readonly kind: ClusterKind;
  readonly tenant?: string;
  readonly domain: string;
  readonly infrastructure?: readonly Infrastructure[];
}

export interface ProviderContent {
  readonly name: string;
  readonly configSchema?: JsonObject;
}

/** Bounds of the file, so that its lists stay what one answer can hold. */
const MAX_CLUSTERS = 500;
const MAX_PROVIDERS = 100;

/** As names of all kinds have it, reserved words aside. */
const SLUG = "^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$";
/** Lower case, so that two spellings are not two domains. */
const DOMAIN = "^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$";

const name = { type: "string", minLength: 1, maxLength: 200, pattern: "^[^\\p{Cc}]*[^\\p{Cc}\\s][^\\p{Cc}]*$" };

/** An object that has these members and no others. */
function exactly(properties: JsonObject, required: readonly string[]) {
  return { type: "object", properties, required, additionalProperties: false };
}

/** An object whose members are all alike, under names of this pattern. */
function map(pattern: string, member: JsonObject, maxProperties: number) {
  return { type: "object", patternProperties: { [pattern]: member }, additionalProperties: false, maxProperties };
}

const CLUSTER = exactly(
  {
    name,
    kind: { enum: Object.values(ClusterKind) },
    tenant: { type: "string", pattern: SLUG },
    domain: { type: "string", maxLength: 253, pattern: DOMAIN },
    infrastructure: { type: "array", items: { enum: INFRASTRUCTURE }, uniqueItems: true },
  },
  ["name", "kind", "domain"],
);

const PROVIDER = exactly({ name, configSchema: { type: "object" } }, ["name"]);

export const PLATFORM_SHAPE: JsonObject = exactly({ clusters: map(SLUG, CLUSTER, MAX_CLUSTERS), providers: map(LABEL.source, PROVIDER, MAX_PROVIDERS) }, ["clusters", "providers"]);
