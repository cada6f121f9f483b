/** Owns how API keys are exposed: fields, access, one call each. */
import type { GraphQLResolveInfo } from "graphql";
import { Arg, Args, Ctx, Directive, FieldResolver, ID, Info, Query, Resolver, Root } from "type-graphql";
import { productOf } from "../catalog/catalog.reads.js";
import { Product } from "../catalog/product.entity.js";
import { Access } from "../kernel/access.js";
import { keyText } from "../kernel/id.js";
import { connectionOf, LIST_SIZE, PageArgs, type Page } from "../kernel/connection.js";
import { reference } from "../kernel/reference.js";
import type { RequestContext } from "../kernel/request.js";
import { Tenant } from "../tenant/tenant.entity.js";
import { tenantReads } from "../tenant/tenant.reads.js";
import { User } from "../user/user.entity.js";
import { ApiKey } from "./api-key.entity.js";
import { ApiKeyFilter } from "./api-key.inputs.js";
import { apiKeyReads } from "./api-key.reads.js";

const ApiKeyConnection = connectionOf(ApiKey, "ApiKey");

reference("ApiKey", "api_key.read", ({ id }, { reads }) => reads(apiKeyReads).byId.load(keyText(id)));

@Resolver(() => ApiKey)
export class ApiKeyResolver {
  @Access("api_key.read")
  @Query(() => ApiKey, { nullable: true, description: "An API key by id; null when there is none for this caller." })
  apiKey(@Arg("id", () => ID) id: string, @Ctx() { reads }: RequestContext): Promise<ApiKey | null> {
    return reads(apiKeyReads).byId.load(id);
  }

  @Access("tenant.read")
  @FieldResolver(() => Tenant)
  tenant(@Root() { tenantId }: ApiKey, @Ctx() { reads }: RequestContext, @Info() info: GraphQLResolveInfo): Promise<Tenant | null> {
    return reads(tenantReads).byId(tenantId, info);
  }

  @Access("api_key.read")
  @FieldResolver(() => Product, { nullable: true, description: "The product that the key is for; null when it is for all." })
  product(@Root() { product: key }: ApiKey, @Ctx() { facilities }: RequestContext): Product | null {
    return key === null ? null : productOf(facilities.catalog, key);
  }

  @Access("api_key.read")
  @FieldResolver(() => User, { nullable: true, description: "Who made it." })
  createdBy(@Root() { createdById }: ApiKey): User | null {
    return createdById === null ? null : { id: createdById };
  }
}

@Resolver(() => Tenant)
export class TenantApiKeysResolver {
  @Access("api_key.read")
  @Directive(LIST_SIZE)
  @FieldResolver(() => ApiKeyConnection, { nullable: true, description: "The tenant's API keys, newest first; revoked ones included unless filtered." })
  apiKeys(
    @Root() tenant: Tenant,
    @Args(() => PageArgs) page: PageArgs,
    @Arg("filter", () => ApiKeyFilter, { nullable: true }) filter: ApiKeyFilter | null,
    @Ctx() { reads }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Page<ApiKey>> {
    return reads(apiKeyReads).ofTenant({ filter, page }).load(tenant, info);
  }
}
