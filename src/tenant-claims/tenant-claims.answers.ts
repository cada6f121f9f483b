/** Owns what the claims of a tenant look like in the graph. How they look over plain HTTP is `tenant-claims.endpoint.ts`. */
import { GraphQLDateTime } from "graphql-scalars";
import { Directive, Field, ID, ObjectType } from "type-graphql";
import { VerdictSource } from "../entitlement/entitlement.verdict.js";
import { TenantStatus } from "../tenant/tenant.entity.js";

@ObjectType({ description: "A product that a tenant may use at this moment.", simpleResolvers: true })
export class ClaimedProduct {
  @Field(() => String, { description: "Key of the product." })
  key: string;

  @Field(() => VerdictSource, { description: "What it comes from." })
  source: VerdictSource;

  @Field(() => GraphQLDateTime, { nullable: true, description: "From when on it is over if nobody changes anything; null when no end is known." })
  validUntil: Date | null;
}

@ObjectType({ description: "What a token says about its tenant. A token without it gives no rights at all.", simpleResolvers: true })
export class TenantClaims {
  @Field(() => ID, { description: "The tenant's id: what to compare, because a slug is for people." })
  tenantId: string;

  @Field(() => String, { description: "The tenant's short name in addresses." })
  slug: string;

  @Field(() => TenantStatus, { description: "Where the tenant stands at the moment of the answer: every deadline is compared, also in what is stale." })
  status: TenantStatus;

  @Field(() => String, { description: "Key of the plan that was bought." })
  plan: string;

  @Directive("@listSize(assumedSize: 20)")
  @Field(() => [ClaimedProduct], { description: "What it may use, by key. None at all when it is frozen or archived, as `status` then says." })
  products: ClaimedProduct[];

  @Field(() => GraphQLDateTime, { description: "When this was read from the database." })
  asOf: Date;

  @Field(() => String, { description: "Equal versions mean equal claims, whatever their `asOf`. Do not read anything else into it." })
  version: string;

  @Field(() => Boolean, { description: "The database did not answer in time; this is what was last known, a few minutes old at most." })
  stale: boolean;
}
