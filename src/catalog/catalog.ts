/** Owns what the catalogue is: the products of the platform, the plans that bundle them, and what both lay down for a tenant. No I/O. */

/** A JSON object: settings, or a schema of settings. What the catalogue hands out is shared by every request and never changed. */
export type JsonObject = Readonly<Record<string, unknown>>;

export enum LimitType {
  INTEGER = "integer",
  NUMBER = "number",
  BOOLEAN = "boolean",
}
export type LimitValue = number | boolean;

/** How much of something a product gives, for instance `seats`. */
export interface LimitManifest {
  readonly name: string;
  readonly type: LimitType;
  readonly description: string;
  /** What a number counts, for instance `GB`; null when the name says it. */
  readonly unit: string | null;
  /** Without a plan that says otherwise. */
  readonly default: LimitValue;
}

/** Something that an API key of the product may be allowed to do. */
export interface ScopeManifest {
  readonly id: string;
  readonly description: string;
}

/** Where a value breaks its schema, from the root inwards (list items by number), and the rule in our words. */
export interface SchemaProblem {
  readonly place: readonly (string | number)[];
  readonly rule: string;
  /** A member that should not be there: its name, which is not ours to repeat to everybody, and the names that might have been meant. */
  readonly stranger?: { readonly name: string; readonly known: readonly string[] };
}

export interface ProductManifest {
  readonly key: string;
  readonly name: string;
  readonly description: string;
  readonly supportsProjects: boolean;
  /** May a tenant ask sales for it? */
  readonly requestable: boolean;
  /** Length of the trial that a tenant may start itself; null when there is none. */
  readonly trialDays: number | null;
  readonly configSchema: JsonObject;
  readonly configDefaults: JsonObject;
  readonly limits: readonly LimitManifest[];
  readonly scopes: readonly ScopeManifest[];
  /** Every name that the schema declares for a setting, however deep: what may be repeated to a caller. */
  readonly settingNames: ReadonlySet<string>;
  /** What is wrong with whole settings, that is with those that already have the defaults; nothing when they fit. */
  configProblems(config: JsonObject): readonly SchemaProblem[];
}

/** What a plan lays down for one of its products, over the product's defaults. */
export interface PlanProductManifest {
  readonly config: JsonObject;
  readonly limits: Readonly<Record<string, LimitValue>>;
}

export interface PlanManifest {
  readonly key: string;
  readonly name: string;
  readonly description: string;
  /** Product key → what the plan says about it. */
  readonly products: ReadonlyMap<string, PlanProductManifest>;
}

/** In the order of the file. A database that was adopted may hold keys that no manifest knows: both look-ups may find nothing. */
export interface Catalog {
  readonly products: readonly ProductManifest[];
  readonly plans: readonly PlanManifest[];
  product(key: string): ProductManifest | undefined;
  plan(key: string): PlanManifest | undefined;
}

declare module "../kernel/request.js" {
  interface Facilities {
    catalog: Catalog;
  }
}

/** Put a catalogue together from manifests that have been checked. */
export function catalogOf(products: readonly ProductManifest[], plans: readonly PlanManifest[]): Catalog {
  const productOf = new Map(products.map((product) => [product.key, product]));
  const planOf = new Map(plans.map((plan) => [plan.key, plan]));
  return { products, plans, product: (key) => productOf.get(key), plan: (key) => planOf.get(key) };
}

/** A product's settings for one tenant: the product's defaults, over them the plan's, over them the tenant's own. */
export function effectiveConfig(product: ProductManifest, plan: PlanManifest | undefined, own: JsonObject = {}): JsonObject {
  return merged(merged(product.configDefaults, plan?.products.get(product.key)?.config ?? {}), own);
}

/** A product's limits by name, in the manifest's order: the defaults, over them the plan's. */
export function effectiveLimits(product: ProductManifest, plan: PlanManifest | undefined): Readonly<Record<string, LimitValue>> {
  const planned = plan?.products.get(product.key)?.limits ?? {};
  return Object.fromEntries(product.limits.map(({ name, default: usual }) => [name, Object.hasOwn(planned, name) ? (planned[name] as LimitValue) : usual]));
}

/** Objects are merged member by member; everything else, lists and null included, is replaced as a whole. */
function merged(under: JsonObject, over: JsonObject): JsonObject {
  const members = Object.entries(over);
  if (members.length === 0) return under;
  // Not by assignment: a member may be called `__proto__`.
  return { ...under, ...Object.fromEntries(members.map(([name, value]) => [name, Object.hasOwn(under, name) ? mergedMember(under[name], value) : value])) };
}

function mergedMember(under: unknown, over: unknown): unknown {
  return isObject(under) && isObject(over) ? merged(under, over) : over;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
