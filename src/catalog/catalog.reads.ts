/** Owns how products and plans are found. They are in memory: no door is opened. */
import { keyText } from "../kernel/id.js";
import type { Representation } from "../kernel/reference.js";
import { LABEL } from "../kernel/validation.js";
import { effectiveConfig, effectiveLimits, type Catalog, type PlanManifest } from "./catalog.js";
import type { PlanProduct } from "./plan.entity.js";
import type { Product } from "./product.entity.js";

/** The product of a row: one that the catalogue does not know, as in a database that was adopted, is there by its key alone. */
export function productOf(catalog: Catalog, key: string): Product {
  return catalog.product(key) ?? { key, name: key, description: null, supportsProjects: false, requestable: false, trialDays: null, configSchema: null, limits: [], scopes: [] };
}

/** The product that another subgraph names; null when it could be no product's key. */
export async function referencedProduct(catalog: Catalog, { key }: Representation): Promise<Product | null> {
  const named = keyText(key);
  return LABEL.test(named) ? productOf(catalog, named) : null;
}

/** What a plan brings along, in the order of the file. */
export function productsOfPlan(catalog: Catalog, plan: PlanManifest | undefined): PlanProduct[] {
  return [...(plan?.products.keys() ?? [])].flatMap((key) => {
    const product = catalog.product(key);
    if (!product) return [];
    const limits = Object.entries(effectiveLimits(product, plan)).map(([name, value]) => ({ name, value }));
    return [{ product, config: effectiveConfig(product, plan), limits }];
  });
}
