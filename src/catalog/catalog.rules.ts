/** Owns what the catalogue demands of changes elsewhere: a plan and a product that exist, and settings that fit the product. No I/O. */
import { Fault } from "../kernel/fault.js";
import { effectiveConfig, type Catalog, type JsonObject, type ProductManifest, type SchemaProblem } from "./catalog.js";

/** So many problems of one config are told at once. */
const TOLD_PROBLEMS = 5;

/** Faults: BAD_USER_INPUT(plan) when the catalogue has no such plan. */
export function refuseUnknownPlan(catalog: Catalog, plan: string): void {
  if (!catalog.plan(plan)) throw new Fault("BAD_USER_INPUT", "The catalogue has no such plan", { field: "plan" });
}

/** The product's manifest. Faults: BAD_USER_INPUT(product) when the catalogue has no such product. */
export function knownProduct(catalog: Catalog, product: string): ProductManifest {
  const manifest = catalog.product(product);
  if (!manifest) throw new Fault("BAD_USER_INPUT", "The catalogue has no such product", { field: "product" });
  return manifest;
}

/**
 * A tenant's own settings must fit the product once its defaults fill what they leave out.
 *
 * Bounds  the size of the settings, which is bounded before; schemas are the operator's, and trusted not to have a slow `pattern`.
 * Faults  BAD_USER_INPUT(product) when it is unknown; those of {@link refuseConfigProblems} when they do not fit.
 */
export function refuseUnfitProductConfig(catalog: Catalog, product: string, config: JsonObject): void {
  const manifest = knownProduct(catalog, product);
  refuseConfigProblems(manifest.configProblems(effectiveConfig(manifest, undefined, config)), manifest.settingNames);
}

/**
 * Faults  BAD_USER_INPUT(config.<path>) for the first of these problems, in a message that names up to five. What is not one of the
 *         declared names is the sender's and becomes `*`.
 */
export function refuseConfigProblems([first, ...others]: readonly SchemaProblem[], declared: ReadonlySet<string>): void {
  if (!first) return;
  const pathOf = ({ place }: SchemaProblem) => pathTo(place, declared);
  // Two members that should not be there are one sentence.
  const sentences = [...new Set([first, ...others].map((problem) => `${pathOf(problem)} ${problem.rule}`))];
  const more = sentences.length - TOLD_PROBLEMS;
  const message = [...sentences.slice(0, TOLD_PROBLEMS), ...(more > 0 ? [`and ${more} more`] : [])].join("; ");
  throw new Fault("BAD_USER_INPUT", message, { field: pathOf(first) });
}

function pathTo(place: SchemaProblem["place"], declared: ReadonlySet<string>): string {
  return place.reduce<string>((path, step) => (typeof step === "number" ? `${path}[${step}]` : `${path}.${declared.has(step) ? step : "*"}`), "config");
}
