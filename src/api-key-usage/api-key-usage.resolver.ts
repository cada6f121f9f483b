/** Owns how the use of API keys is exposed: fields, access, one call each. */
import { GraphQLLocalDate } from "graphql-scalars";
import { Arg, Ctx, Directive, FieldResolver, Resolver, Root } from "type-graphql";
import { Access } from "../kernel/access.js";
import { FROM, spanOf, UNTIL, USAGE_SIZE } from "../kernel/days.js";
import type { RequestContext } from "../kernel/request.js";
import { Tenant } from "../tenant/tenant.entity.js";
import { ApiKey } from "../api-key/api-key.entity.js";
import { ApiKeyUsageDay } from "./api-key-usage.answers.js";
import { apiKeyUsageReads } from "./api-key-usage.reads.js";

@Resolver(() => ApiKey)
export class ApiKeyUsageResolver {
  @Access("api_key.read")
  @Directive(USAGE_SIZE)
  @FieldResolver(() => [ApiKeyUsageDay], { description: "How often it was verified, day by day; days without use are left out. The last minutes may not have been counted yet." })
  usage(
    @Root() key: ApiKey,
    @Arg("from", () => GraphQLLocalDate, { nullable: true, description: FROM }) from: string | null,
    @Arg("until", () => GraphQLLocalDate, { nullable: true, description: UNTIL }) until: string | null,
    @Ctx() { reads, now }: RequestContext,
  ): Promise<ApiKeyUsageDay[]> {
    return reads(apiKeyUsageReads).ofKeys(spanOf(from, until, now())).load(key);
  }
}

@Resolver(() => Tenant)
export class TenantApiKeyUsageResolver {
  @Access("api_key.read")
  @Directive(USAGE_SIZE)
  @FieldResolver(() => [ApiKeyUsageDay], { nullable: true, description: "How often the tenant's API keys were verified, all together, day by day; days without use are left out. The last minutes may not have been counted yet." })
  apiKeyUsage(
    @Root() tenant: Tenant,
    @Arg("from", () => GraphQLLocalDate, { nullable: true, description: FROM }) from: string | null,
    @Arg("until", () => GraphQLLocalDate, { nullable: true, description: UNTIL }) until: string | null,
    @Ctx() { reads, now }: RequestContext,
  ): Promise<ApiKeyUsageDay[]> {
    return reads(apiKeyUsageReads).ofTenants(spanOf(from, until, now())).load(tenant);
  }
}
