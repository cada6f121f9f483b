/** Owns how tenants are exposed: fields, access, one call each. */
import { Arg, Args, Ctx, Directive, ID, Mutation, Query, Resolver } from "type-graphql";
import { Access } from "../kernel/access.js";
import { connectionOf, LIST_SIZE, PageArgs, type Page } from "../kernel/page.js";
import { reference } from "../kernel/reference.js";
import type { RequestContext } from "../kernel/request.js";
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

reference("Tenant", "tenant.read", ({ id, slug }, { reads }) =>
  id === undefined ? reads(tenantReads).bySlug.load(String(slug)) : reads(tenantReads).byId.load(String(id)),
);

@Resolver(() => Tenant)
export class TenantResolver {
  @Access("tenant.read")
  @Query(() => Tenant, { nullable: true, description: "The tenant that the caller acts in; null for staff who named none." })
  myTenant(@Ctx() { reads, principal }: RequestContext): Promise<Tenant | null> {
    return reads(tenantReads).own(principal);
  }

  @Access("tenant.read")
  @Query(() => Tenant, { nullable: true, description: "A tenant by id; null when there is none for this caller." })
  tenant(@Arg("id", () => ID) id: string, @Ctx() { reads }: RequestContext): Promise<Tenant | null> {
    return reads(tenantReads).byId.load(id);
  }

  @Access("tenant.read")
  @Query(() => Tenant, { nullable: true, description: "A tenant by its slug; null when there is none for this caller." })
  tenantBySlug(@Arg("slug", () => String) slug: string, @Ctx() { reads }: RequestContext): Promise<Tenant | null> {
    return reads(tenantReads).bySlug.load(slug);
  }

  @Access("tenant.search")
  @Directive(LIST_SIZE)
  @Directive('@tag(name: "platform")')
  @Query(() => TenantConnection, { description: "Search all tenants. Platform staff only. Newest first unless ordered." })
  tenants(
    @Args(() => PageArgs) page: PageArgs,
    @Arg("filter", () => TenantFilter, { nullable: true }) filter: TenantFilter | null,
    @Arg("orderBy", () => TenantOrder, { nullable: true }) order: TenantOrder | null,
    @Ctx() { reads }: RequestContext,
  ): Promise<Page<Tenant>> {
    return reads(tenantReads).search(filter, order, page);
  }

  @Access("tenant.create")
  @Directive('@tag(name: "platform")')
  @Mutation(() => CreateTenantPayload, { description: "Register a customer. Platform operators only." })
  createTenant(@Arg("input", () => CreateTenantInput) input: CreateTenantInput, @Ctx() { doors, now }: RequestContext): Promise<CreateTenantPayload> {
    return createTenant(doors, input, now());
  }

  @Access("tenant.update")
  @Mutation(() => UpdateTenantPayload, { description: "Change a tenant's name or, for operators, its commercial data." })
  updateTenant(@Arg("input", () => UpdateTenantInput) input: UpdateTenantInput, @Ctx() { doors }: RequestContext): Promise<UpdateTenantPayload> {
    return updateTenant(doors, input);
  }
}
