/** Owns how the content of the catalogue's file becomes the catalogue, and what is wrong with content that cannot. No I/O. */
import {
  catalogOf,
  effectiveConfig,
  isObject,
  LimitType,
  type Catalog,
  type JsonObject,
  type LimitManifest,
  type LimitValue,
  type PlanManifest,
  type ProductManifest,
  type SchemaProblem,
} from "./catalog.js";
import { declaredNames, schemaCheck, UnfitSchemaError } from "./catalog.json-schema.js";
import { CATALOG_SHAPE, type CatalogContent, type PlanContent, type ProductContent } from "./catalog.shape.js";

type Place = SchemaProblem["place"];

/** Of a trial that does not say how long it is. Source: seed 004. */
const DEFAULT_TRIAL_DAYS = 14;
/** Of a product that says nothing of settings: it has none. */
const NO_SETTINGS = { type: "object", additionalProperties: false };

/** The catalogue, to be used only when there are no problems. What has the wrong shape is not looked into further. */
export function catalogFrom(content: unknown): { catalog: Catalog; problems: readonly SchemaProblem[] } {
  if (!isObject(content)) return { catalog: catalogOf([], []), problems: [{ place: [], rule: "must be an object with products and plans" }] };
  const misshapen = schemaCheck(CATALOG_SHAPE)(content);
  const reader = new Reader(content, misshapen);
  const catalog = reader.catalog();
  return { catalog, problems: [...misshapen, ...reader.problems] };
}

class Reader {
  readonly problems: SchemaProblem[] = [];
  readonly #products = new Map<string, ProductManifest>();

  constructor(
    readonly content: JsonObject,
    readonly misshapen: readonly SchemaProblem[],
  ) {}

  catalog(): Catalog {
    const products = this.#wellShaped("products").map(([product, place]) => this.#product(product, place));
    for (const product of products) this.#products.set(product.key, product);
    return catalogOf(products, this.#wellShaped("plans").map(([plan, place]) => this.#plan(plan, place)));
  }

  /** The entries of a list that have the right shape, and where each stands. Two with one key are a problem of the later one. */
  #wellShaped<List extends keyof CatalogContent>(list: List): [CatalogContent[List][number], Place][] {
    const entries: unknown = this.content[list];
    if (!Array.isArray(entries)) return [];
    const keys = keysOf(entries);
    keys.forEach((key, index) => {
      const first = keys.indexOf(key);
      if (key !== undefined && first < index) this.#problem([list, index, "key"], `is the key of ${list}[${first}] already`);
    });
    return entries.flatMap((entry: CatalogContent[List][number], index): [CatalogContent[List][number], Place][] =>
      this.misshapen.some(({ place }) => place[0] === list && place[1] === index) ? [] : [[entry, [list, index]]],
    );
  }

  #product(content: ProductContent, place: Place): ProductManifest {
    const { key, name, description, supportsProjects = false, requestable = false, trial, configSchema = NO_SETTINGS, configDefaults = {}, limits = {}, scopes = {} } = content;
    const configProblems = this.#check(configSchema, [...place, "configSchema"]);
    this.#at([...place, "configDefaults"], configProblems(configDefaults));
    return {
      key,
      name,
      description,
      supportsProjects,
      requestable,
      trialDays: trial ? (trial.days ?? DEFAULT_TRIAL_DAYS) : null,
      configSchema,
      configDefaults,
      limits: Object.entries(limits).map(([name, { unit = null, ...limit }]) => {
        const usual = this.#limitValue(limit.type, limit.default, [...place, "limits", name, "default"]);
        return { ...limit, name, unit, default: usual };
      }),
      scopes: Object.entries(scopes).map(([id, description]) => ({ id, description })),
      settingNames: declaredNames(configSchema),
      configProblems,
    };
  }

  #plan({ products, ...plan }: PlanContent, place: Place): PlanManifest {
    const bundled = Object.entries(products).map(([key, { config = {}, limits = {} }]) => {
      const at = [...place, "products", key];
      const product = this.#products.get(key);
      if (product) this.#at([...at, "config"], product.configProblems(effectiveConfig(product, undefined, config)));
      else if (!keysOf(this.content["products"]).includes(key)) this.#stranger([...place, "products"], key, [...this.#products.keys()], "must name products of the catalogue");
      return [key, { config, limits: product ? this.#limits(product.limits, limits, [...at, "limits"]) : {} }] as const;
    });
    return { ...plan, products: new Map(bundled) };
  }

  #limits(known: readonly LimitManifest[], given: JsonObject, place: Place): Record<string, LimitValue> {
    return Object.fromEntries(
      Object.entries(given).flatMap(([name, value]): [string, LimitValue][] => {
        const limit = known.find((one) => one.name === name);
        if (limit) return [[name, this.#limitValue(limit.type, value, [...place, name])]];
        this.#stranger(place, name, known.map((one) => one.name), "must name limits of the product");
        return [];
      }),
    );
  }

  #limitValue(type: LimitType, value: unknown, place: Place): LimitValue {
    if (type === LimitType.BOOLEAN) {
      if (typeof value === "boolean") return value;
      this.#problem(place, "must be true or false");
      return false;
    }
    const whole = type === LimitType.INTEGER;
    if (typeof value === "number" && value >= 0 && value <= Number.MAX_SAFE_INTEGER && (!whole || Number.isInteger(value))) return value;
    this.#problem(place, `must be a ${whole ? "whole " : ""}number, and not negative`);
    return 0;
  }

  /** A schema that cannot be used has its problem; settings are then not looked at. */
  #check(schema: JsonObject, place: Place): ProductManifest["configProblems"] {
    try {
      return schemaCheck(schema);
    } catch (error) {
      if (!(error instanceof UnfitSchemaError)) throw error;
      this.#at(place, error.problems);
      return () => [];
    }
  }

  #at(place: Place, problems: readonly SchemaProblem[]): void {
    for (const problem of problems) this.problems.push({ ...problem, place: [...place, ...problem.place] });
  }

  #problem(place: Place, rule: string): void {
    this.problems.push({ place, rule });
  }

  #stranger(place: Place, name: string, known: readonly string[], rule: string): void {
    this.problems.push({ place, rule, stranger: { name, known } });
  }
}

/** The keys of a list's entries, whatever else is wrong with them. */
function keysOf(entries: unknown): (string | undefined)[] {
  return (Array.isArray(entries) ? (entries as unknown[]) : []).map((entry) => (isObject(entry) && typeof entry["key"] === "string" ? entry["key"] : undefined));
}
