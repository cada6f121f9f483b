/** Owns how checks of entitlements are exposed to the products' services and to staff: access, one call each. */
import type { GraphQLResolveInfo } from "graphql";
import { Arg, Ctx, Directive, ID, Info, Query, Resolver } from "type-graphql";
import { Access } from "../kernel/access.js";
import { asksFor } from "../kernel/nesting.js";
import type { RequestContext } from "../kernel/request.js";
import { EntitlementCheck, EntitlementCheckItem } from "./entitlement.answers.js";
import { checkEntitlement, checkEntitlements } from "./entitlement.checks.js";
import { CheckEntitlementsInput } from "./entitlement.inputs.js";

@Resolver()
export class EntitlementCheckResolver {
  @Access("entitlement.check")
  @Query(() => EntitlementCheck, { description: "Whether a tenant has a product now. For the product's own service and for platform staff. A failure is an error that can be retried, and never a denial." })
  checkEntitlement(
    @Arg("tenantId", () => ID, { description: "Id of the tenant." }) tenantId: string,
    @Arg("product", () => String, { description: "Key of the product." }) product: string,
    @Arg("project", () => String, { nullable: true, description: "Slug or id of a project; the implicit `default` when omitted, which every tenant has and nobody archives." }) project: string | null | undefined,
    @Ctx() context: RequestContext,
  ): Promise<EntitlementCheck> {
    return checkEntitlement(context, { tenantId, product, project });
  }

  /**
   * The largest request has 10,000 small items and is one statement, so an item is priced at a twentieth: one such request with all
   * that is in it fits an operation, and several do not.
   */
  @Access("entitlement.check")
  @Directive("@listSize(assumedSize: 500)")
  @Query(() => [EntitlementCheckItem], { description: "As `checkEntitlement`, for each of at most 100 products in each of at most 100 tenants; settings for 512 checks at once." })
  checkEntitlements(
    @Arg("input", () => CheckEntitlementsInput) input: CheckEntitlementsInput,
    @Ctx() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<EntitlementCheckItem[]> {
    return checkEntitlements(context, input, asksFor(info, ["verdict", "config"]));
  }
}
