/** Owns how it is exposed how much a tenant uses the registry: fields, access, one call each. */
import { GraphQLLocalDate } from "graphql-scalars";
import { Arg, Ctx, Directive, FieldResolver, Resolver, Root } from "type-graphql";
import { Access } from "../kernel/access.js";
import { FROM, spanOf, UNTIL, USAGE_SIZE } from "../kernel/days.js";
import type { RequestContext } from "../kernel/request.js";
import { Tenant } from "../tenant/tenant.entity.js";
import { UsageDay } from "./tenant-usage.answers.js";
import { tenantUsageReads } from "./tenant-usage.reads.js";

@Resolver(() => Tenant)
export class TenantUsageResolver {
  @Access("usage.read")
  @Directive(USAGE_SIZE)
  @FieldResolver(() => [UsageDay], {
    nullable: true,
    description: "How much the tenant used the registry, by day and environment; days without use are left out. The last minute may not have been counted yet.",
  })
  usage(
    @Root() tenant: Tenant,
    @Arg("from", () => GraphQLLocalDate, { nullable: true, description: FROM }) from: string | null,
    @Arg("until", () => GraphQLLocalDate, { nullable: true, description: UNTIL }) until: string | null,
    @Ctx() { reads, now }: RequestContext,
  ): Promise<UsageDay[]> {
    return reads(tenantUsageReads).ofTenants(spanOf(from, until, now())).load(tenant);
  }
}
