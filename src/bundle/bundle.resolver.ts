/** Owns how bundles are exposed: fields, access, one call each. */
import { GraphQLJSONObject } from "graphql-scalars";
import { Arg, Ctx, Directive, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import { Access } from "../kernel/access.js";
import type { RequestContext } from "../kernel/request.js";
import { Tenant } from "../tenant/tenant.entity.js";
import { applyBundle } from "./bundle.changes.js";
import { ApplyBundleInput, ApplyBundlePayload } from "./bundle.inputs.js";
import { bundleReads } from "./bundle.reads.js";
import type { TenantContent } from "./bundle.shape.js";

@Resolver()
export class BundleResolver {
  @Access("bundle.apply")
  @Mutation(() => ApplyBundlePayload, {
    description: "Make of one tenant what a bundle says of it, in one transaction; the tenant itself is made before if there is none. Whoever applies the same again changes nothing. Platform operators only.",
  })
  applyBundle(@Arg("input", () => ApplyBundleInput) input: ApplyBundleInput, @Ctx() context: RequestContext): Promise<ApplyBundlePayload> {
    return applyBundle(context, input);
  }
}

@Resolver(() => Tenant)
export class TenantBundleResolver {
  @Access("bundle.read")
  @Directive("@cost(weight: 100)")
  @FieldResolver(() => GraphQLJSONObject, {
    nullable: true,
    description: "What is there of the tenant as a bundle says it, with every version of its flows and without what is archived: what `applyBundle` takes.",
  })
  bundle(@Root() { id }: Tenant, @Ctx() { reads }: RequestContext): Promise<TenantContent | null> {
    return reads(bundleReads).ofTenant.load(id);
  }
}
