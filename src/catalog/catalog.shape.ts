/** Owns what the catalogue's file looks like: the JSON Schema that it is checked with, and the same as types. What it must mean is `catalog.manifest.ts`. */
import { LABEL } from "../kernel/validation.js";
import { LimitType, type JsonObject } from "./catalog.js";

/** The file after {@link CATALOG_SHAPE}. */
export interface CatalogContent {
  readonly products: readonly ProductContent[];
  readonly plans: readonly PlanContent[];
}

export interface ProductContent {
  readonly key: string;
  readonly name: string;
  readonly description: string;
  readonly supportsProjects?: boolean;
  readonly requestable?: boolean;
  readonly trial?: { readonly days?: number };
  readonly configSchema?: JsonObject;
  readonly configDefaults?: JsonObject;
  readonly limits?: Readonly<Record<string, LimitContent>>;
  readonly scopes?: Readonly<Record<string, string>>;
}

export interface LimitContent {
  readonly type: LimitType;
  readonly description: string;
  readonly unit?: string;
  readonly default: unknown;
}

export interface PlanContent {
  readonly key: string;
  readonly name: string;
  readonly description: string;
  readonly products: Readonly<Record<string, { readonly config?: JsonObject; readonly limits?: JsonObject }>>;
}

/** Bounds of the file, so that a catalogue stays a list that one answer can hold. */
const MAX_PRODUCTS = 200;
const MAX_PLANS = 50;
const MAX_LIMITS = 50;
const MAX_SCOPES = 100;
const MAX_TRIAL_DAYS = 90;

const text = (maxLength: number) => ({ type: "string", minLength: 1, maxLength });
const key = { type: "string", pattern: LABEL.source };

/** An object that has these members and no others. */
function exactly(properties: JsonObject, required: readonly string[]) {
  return { type: "object", properties, required, additionalProperties: false };
}

/** An object whose members are all alike, under names of this pattern. */
function map(pattern: string, member: JsonObject, maxProperties: number) {
  return { type: "object", patternProperties: { [pattern]: member }, additionalProperties: false, maxProperties };
}

const LIMIT = exactly({ type: { enum: Object.values(LimitType) }, description: text(500), unit: text(40), default: true }, ["type", "description", "default"]);

const PRODUCT = exactly(
  {
    key,
    name: text(200),
    description: text(2_000),
    supportsProjects: { type: "boolean" },
    requestable: { type: "boolean" },
    trial: exactly({ days: { type: "integer", minimum: 1, maximum: MAX_TRIAL_DAYS } }, []),
    configSchema: { type: "object" },
    configDefaults: { type: "object" },
    limits: map("^[a-z][A-Za-z0-9_]{0,62}$", LIMIT, MAX_LIMITS),
    scopes: map("^[a-z][a-z0-9_.:-]{0,62}$", text(500), MAX_SCOPES),
  },
  ["key", "name", "description"],
);

const PLAN = exactly(
  {
    key,
    name: text(200),
    description: text(2_000),
    products: map(LABEL.source, exactly({ config: { type: "object" }, limits: { type: "object" } }, []), MAX_PRODUCTS),
  },
  ["key", "name", "description", "products"],
);

export const CATALOG_SHAPE: JsonObject = exactly(
  {
    products: { type: "array", items: PRODUCT, maxItems: MAX_PRODUCTS },
    plans: { type: "array", items: PLAN, maxItems: MAX_PLANS },
  },
  ["products", "plans"],
);
