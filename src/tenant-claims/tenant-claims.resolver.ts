/** Owns how claims are exposed in the graph: one query, one call. */
import { Arg, Ctx, ID, Query, Resolver } from "type-graphql";
import { Access } from "../kernel/access.js";
import type { RequestContext } from "../kernel/request.js";
import { TenantClaims } from "./tenant-claims.answers.js";
import { claimsFor } from "./tenant-claims.question.js";

const ALIAS = "Alias of the organisation, which is the tenant's slug. It means nothing once an organisation's id is known: an alias can be given away again.";

@Resolver(() => TenantClaims)
export class TenantClaimsResolver {
  @Access("tenant_claims.read")
  @Query(() => TenantClaims, {
    nullable: true,
    description: "What a token says about a tenant, for services; null when there is none. Name it by exactly one of the three. Also as plain JSON at `/claims`.",
  })
  tenantClaims(
    @Arg("tenantId", () => ID, { nullable: true, description: "The tenant's id." }) tenantId: string | null,
    @Arg("organizationId", () => String, { nullable: true, description: "Id of the tenant's organisation in Keycloak." }) organizationId: string | null,
    @Arg("alias", () => String, { nullable: true, description: ALIAS }) alias: string | null,
    @Ctx() context: RequestContext,
  ): Promise<TenantClaims | null> {
    return claimsFor(context, { tenantId, organizationId, alias });
  }
}
