/** Owns how entitlements are exposed: fields, access, one call each. */
import type { GraphQLResolveInfo } from "graphql";
import { Arg, Ctx, Directive, FieldResolver, ID, Info, Mutation, Query, Resolver, Root } from "type-graphql";
import { productOf } from "../catalog/catalog.reads.js";
import { Product } from "../catalog/product.entity.js";
import { Access } from "../kernel/access.js";
import { reference } from "../kernel/reference.js";
import type { RequestContext } from "../kernel/request.js";
import { Tenant } from "../tenant/tenant.entity.js";
import { tenantReads } from "../tenant/tenant.reads.js";
import { EntitlementVerdict } from "./entitlement.answers.js";
import { grantEntitlement, startTrial, updateEntitlement, withdrawEntitlement } from "./entitlement.changes.js";
import { Entitlement } from "./entitlement.entity.js";
import {
  GrantEntitlementInput,
  GrantEntitlementPayload,
  StartTrialInput,
  StartTrialPayload,
  UpdateEntitlementInput,
  UpdateEntitlementPayload,
  WithdrawEntitlementInput,
  WithdrawEntitlementPayload,
} from "./entitlement.inputs.js";
import { entitlementReads, verdictOn } from "./entitlement.reads.js";
import { entitlementId, idFromReference } from "./entitlement.rules.js";

reference("Entitlement", "entitlement.read", (representation, { reads }) =>
  reads(entitlementReads).byId.load(idFromReference(representation)),
);

@Resolver(() => Entitlement)
export class EntitlementResolver {
  @Access("entitlement.read")
  @Query(() => Entitlement, { nullable: true, description: "An entitlement by id; null when there is none for this caller." })
  entitlement(@Arg("id", () => ID) id: string, @Ctx() { reads }: RequestContext): Promise<Entitlement | null> {
    return reads(entitlementReads).byId.load(id);
  }

  @FieldResolver(() => ID, { description: "Tenant id and product key, `<uuid>:<key>`." })
  id(@Root() entitlement: Entitlement): string {
    return entitlementId(entitlement);
  }

  @Access("tenant.read")
  @FieldResolver(() => Tenant)
  tenant(@Root() { tenantId }: Entitlement, @Ctx() { reads }: RequestContext, @Info() info: GraphQLResolveInfo): Promise<Tenant | null> {
    return reads(tenantReads).byId(tenantId, info);
  }

  @Access("entitlement.read")
  @FieldResolver(() => Product)
  product(@Root() { product: key }: Entitlement, @Ctx() { facilities }: RequestContext): Product {
    return productOf(facilities.catalog, key);
  }

  @Access("entitlement.read")
  @FieldResolver(() => EntitlementVerdict, { description: "Whether it counts at this moment, and why." })
  verdict(@Root() entitlement: Entitlement, @Ctx() context: RequestContext, @Info() info: GraphQLResolveInfo): Promise<EntitlementVerdict> {
    return verdictOn(context, entitlement, info);
  }

  @Access("entitlement.grant")
  @Mutation(() => GrantEntitlementPayload, { description: "Give a tenant a product, or give it back. Platform operators only." })
  grantEntitlement(@Arg("input", () => GrantEntitlementInput) input: GrantEntitlementInput, @Ctx() context: RequestContext): Promise<GrantEntitlementPayload> {
    return grantEntitlement(context, input);
  }

  @Access("entitlement.update")
  @Mutation(() => UpdateEntitlementPayload, { description: "Change an entitlement's settings or end. Platform operators only." })
  updateEntitlement(@Arg("input", () => UpdateEntitlementInput) input: UpdateEntitlementInput, @Ctx() context: RequestContext): Promise<UpdateEntitlementPayload> {
    return updateEntitlement(context, input);
  }

  @Access("entitlement.withdraw")
  @Mutation(() => WithdrawEntitlementPayload, { description: "Take a product back; withdrawing twice changes nothing. Platform operators only." })
  withdrawEntitlement(@Arg("input", () => WithdrawEntitlementInput) input: WithdrawEntitlementInput, @Ctx() context: RequestContext): Promise<WithdrawEntitlementPayload> {
    return withdrawEntitlement(context, input);
  }

  @Access("entitlement.start_trial")
  @Mutation(() => StartTrialPayload, { description: "Start a product's trial: once for each tenant and product, ever. `catalog` says whether the tenant may." })
  startTrial(@Arg("input", () => StartTrialInput) input: StartTrialInput, @Ctx() context: RequestContext): Promise<StartTrialPayload> {
    return startTrial(context, input);
  }
}

@Resolver(() => Tenant)
export class TenantEntitlementsResolver {
  @Access("entitlement.read")
  @Directive("@listSize(assumedSize: 20)")
  @FieldResolver(() => [Entitlement], { nullable: true, description: "What the tenant has, by product key; withdrawn ones included." })
  entitlements(@Root() tenant: Tenant, @Ctx() { reads }: RequestContext, @Info() info: GraphQLResolveInfo): Promise<Entitlement[]> {
    return reads(entitlementReads).ofTenant(tenant, info);
  }
}
