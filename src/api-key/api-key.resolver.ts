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
import { Project } from "../project/project.entity.js";
import { projectReads } from "../project/project.reads.js";
import { Tenant } from "../tenant/tenant.entity.js";
import { tenantReads } from "../tenant/tenant.reads.js";
import { User } from "../user/user.entity.js";
import { ApiKey } from "./api-key.entity.js";
import { ApiKeyFilter } from "./api-key.inputs.js";
import { apiKeyReads } from "./api-key.reads.js";
import { ApiKeyState, stateAt } from "./api-key.state.js";

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

  @Access("project.read")
  @FieldResolver(() => Project, { nullable: true, description: "The project that the key is for; null when it is for all." })
  async project(@Root() { projectId }: ApiKey, @Ctx() { reads }: RequestContext): Promise<Project | null> {
    return projectId === null ? null : reads(projectReads).byId.load(projectId);
  }

  @FieldResolver(() => ApiKeyState, { description: "Where it stands at this moment; whether its tenant may use the product is another question." })
  state(@Root() key: ApiKey, @Ctx() { now }: RequestContext): ApiKeyState {
    return stateAt(key, now());
  }

  @FieldResolver(() => Boolean, { description: "Was it made elsewhere, and brought here?" })
  imported(@Root() { importedAt }: ApiKey): boolean {
    return importedAt !== null;
  }

  @Access("api_key.read")
  @FieldResolver(() => User, { nullable: true, description: "Who made it." })
  createdBy(@Root() { createdById }: ApiKey): User | null {
    return person(createdById);
  }

  @Access("api_key.read")
  @FieldResolver(() => User, { nullable: true, description: "Whose it is; null when it is its tenant's." })
  owner(@Root() { ownerId }: ApiKey): User | null {
    return person(ownerId);
  }

  @Access("api_key.read")
  @FieldResolver(() => ApiKey, { nullable: true, description: "The key whose place it took." })
  async rotatedFrom(@Root() { rotatedFromId }: ApiKey, @Ctx() { reads }: RequestContext): Promise<ApiKey | null> {
    return rotatedFromId === null ? null : reads(apiKeyReads).byId.load(rotatedFromId);
  }

  @Access("api_key.read")
  @FieldResolver(() => User, { nullable: true, description: "Who revoked it." })
  revokedBy(@Root() { revokedById }: ApiKey): User | null {
    return person(revokedById);
  }
}

function person(id: string | null): User | null {
  return id === null ? null : { id };
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
