/** Owns how tenants are exposed: fields, access, one call each. */
import type { GraphQLResolveInfo } from "graphql";
import { Arg, Args, Ctx, Directive, FieldResolver, ID, Info, Mutation, Query, Resolver, Root } from "type-graphql";
import { Access } from "../kernel/access.js";
import { connectionOf, LIST_SIZE, PageArgs, type Page } from "../kernel/connection.js";
import { keyText } from "../kernel/id.js";
import { reference } from "../kernel/reference.js";
import type { RequestContext } from "../kernel/request.js";
import { Projected } from "../kernel/twin-schema.js";
import { Settings } from "../settings/settings.js";
import { createTenant, updateTenant } from "./tenant.changes.js";
import { Tenant } from "./tenant.entity.js";
import {
  CreateTenantInput,
  CreateTenantPayload,
  TenantFilter,
  TenantOrder,
  UpdateTenantInput,
  UpdateTenantPayload,
} from "./tenant.inputs.js";
import { tenantReads } from "./tenant.reads.js";

const TenantConnection = connectionOf(Tenant, "Tenant");

reference("Tenant", "tenant.read", ({ id, slug }, { reads }, info) =>
  id === undefined ? reads(tenantReads).bySlug(keyText(slug), info) : reads(tenantReads).byId(keyText(id), info),
  { projected: true },
);

@Resolver(() => Tenant)
export class TenantResolver {
  @Projected()
  @Access("tenant.read")
  @Query(() => Tenant, { nullable: true, description: "The tenant that the caller acts in; null for staff who named none." })
  myTenant(@Ctx() { reads, principal }: RequestContext, @Info() info: GraphQLResolveInfo): Promise<Tenant | null> {
    return reads(tenantReads).own(principal, info);
  }

  @Projected()
  @Access("tenant.read")
  @Query(() => Tenant, { nullable: true, description: "A tenant by id; null when there is none for this caller." })
  tenant(@Arg("id", () => ID) id: string, @Ctx() { reads }: RequestContext, @Info() info: GraphQLResolveInfo): Promise<Tenant | null> {
    return reads(tenantReads).byId(id, info);
  }

  @Projected()
  @Access("tenant.read")
  @Query(() => Tenant, { nullable: true, description: "A tenant by its slug; null when there is none for this caller." })
  tenantBySlug(@Arg("slug", () => String) slug: string, @Ctx() { reads }: RequestContext, @Info() info: GraphQLResolveInfo): Promise<Tenant | null> {
    return reads(tenantReads).bySlug(slug, info);
  }

  @Projected()
  @Access("tenant.search")
  @Directive(LIST_SIZE)
  @Query(() => TenantConnection, { description: "Search all tenants. Platform staff only. Newest first unless ordered." })
  tenants(
    @Args(() => PageArgs) page: PageArgs,
    @Arg("filter", () => TenantFilter, { nullable: true }) filter: TenantFilter | null,
    @Arg("orderBy", () => TenantOrder, { nullable: true }) order: TenantOrder | null,
    @Ctx() { reads, now }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Page<Tenant>> {
    return reads(tenantReads).search(filter, order, page, info, now());
  }

  /** An answer that is kept under an idempotency key may be older than settings are. */
  @FieldResolver(() => Settings, { description: "What the tenant says for itself; what it does not say is the platform's." })
  settings(@Root() { settings }: Tenant): Settings {
    return settings ?? {};
  }

  @Access("tenant.create")
  @Mutation(() => CreateTenantPayload, { description: "Register a customer. Platform operators only." })
  createTenant(@Arg("input", () => CreateTenantInput) input: CreateTenantInput, @Ctx() context: RequestContext): Promise<CreateTenantPayload> {
    return createTenant(context, input);
  }

  @Access("tenant.update")
  @Mutation(() => UpdateTenantPayload, { description: "Change a tenant's name, its settings or, for operators, its commercial data." })
  updateTenant(@Arg("input", () => UpdateTenantInput) input: UpdateTenantInput, @Ctx() context: RequestContext): Promise<UpdateTenantPayload> {
    return updateTenant(context, input);
  }
}
