/** Owns how identity provider configurations are exposed: fields, access, one call each. */
import type { GraphQLResolveInfo } from "graphql";
import { Arg, Ctx, Directive, FieldResolver, ID, Info, Query, Resolver, Root } from "type-graphql";
import { Access } from "../kernel/access.js";
import { keyText } from "../kernel/id.js";
import { reference } from "../kernel/reference.js";
import type { RequestContext } from "../kernel/request.js";
import { Tenant } from "../tenant/tenant.entity.js";
import { tenantReads } from "../tenant/tenant.reads.js";
import { IdpConfig } from "./idp-config.entity.js";
import { idpConfigReads } from "./idp-config.reads.js";

reference("IdpConfig", "idp_config.read", ({ id }, { reads }) => reads(idpConfigReads).byId.load(keyText(id)));

@Resolver(() => IdpConfig)
export class IdpConfigResolver {
  @Access("idp_config.read")
  @Query(() => IdpConfig, { nullable: true, description: "An identity provider by id; null when there is none for this caller." })
  idpConfig(@Arg("id", () => ID) id: string, @Ctx() { reads }: RequestContext): Promise<IdpConfig | null> {
    return reads(idpConfigReads).byId.load(id);
  }

  @Access("tenant.read")
  @FieldResolver(() => Tenant)
  tenant(@Root() { tenantId }: IdpConfig, @Ctx() { reads }: RequestContext, @Info() info: GraphQLResolveInfo): Promise<Tenant | null> {
    return reads(tenantReads).byId(tenantId, info);
  }
}

@Resolver(() => Tenant)
export class TenantIdpConfigsResolver {
  @Access("idp_config.read")
  @Directive("@listSize(assumedSize: 5)")
  @FieldResolver(() => [IdpConfig], { nullable: true, description: "The tenant's identity providers." })
  idpConfigs(@Root() tenant: Tenant, @Ctx() { reads }: RequestContext, @Info() info: GraphQLResolveInfo): Promise<IdpConfig[]> {
    return reads(idpConfigReads).ofTenant.load(tenant, info);
  }
}
