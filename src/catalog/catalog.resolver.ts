/** Owns how the catalogue is exposed: fields, access, one call each. */
import { Arg, Ctx, Directive, FieldResolver, ID, Query, Resolver, Root } from "type-graphql";
import { Access } from "../kernel/access.js";
import { reference } from "../kernel/reference.js";
import type { RequestContext } from "../kernel/request.js";
import { productsOfPlan, referencedProduct } from "./catalog.reads.js";
import { Plan, PlanProduct } from "./plan.entity.js";
import { Product } from "./product.entity.js";

reference("Product", "catalog.read", (representation, { facilities }) => referencedProduct(facilities.catalog, representation));

@Resolver(() => Product)
export class ProductResolver {
  @Access("catalog.read")
  @Query(() => Product, { nullable: true, description: "A product of the catalogue by key; null when it has none of that key." })
  product(@Arg("key", () => ID, { description: "For instance `crm`." }) key: string, @Ctx() { facilities }: RequestContext): Product | null {
    return facilities.catalog.product(key) ?? null;
  }

  @Access("catalog.read")
  @Directive("@listSize(assumedSize: 20)")
  @Query(() => [Product], { description: "Every product of the platform, whoever asks; what a tenant has of it is its `entitlements`." })
  products(@Ctx() { facilities }: RequestContext): readonly Product[] {
    return facilities.catalog.products;
  }

  @FieldResolver(() => Boolean, { description: "False when the catalogue does not know the product, and a row or another subgraph still names it." })
  known(@Root() { key }: Product, @Ctx() { facilities }: RequestContext): boolean {
    return facilities.catalog.product(key) !== undefined;
  }
}

@Resolver(() => Plan)
export class PlanResolver {
  @Access("catalog.read")
  @Directive("@listSize(assumedSize: 5)")
  @Query(() => [Plan], { description: "Every plan of the platform, with what it brings along." })
  plans(@Ctx() { facilities }: RequestContext): readonly Plan[] {
    return facilities.catalog.plans;
  }

  @Directive("@listSize(assumedSize: 10)")
  @FieldResolver(() => [PlanProduct], { description: "The products that it brings along." })
  products(@Root() { key }: Plan, @Ctx() { facilities }: RequestContext): PlanProduct[] {
    return productsOfPlan(facilities.catalog, facilities.catalog.plan(key));
  }
}
