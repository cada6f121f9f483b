/** Owns how a caller sees itself. */
import type { GraphQLResolveInfo } from "graphql";
import { Ctx, FieldResolver, Info, Query, Resolver } from "type-graphql";
import { Access } from "../kernel/access.js";
import { actionsOf, type Principal } from "../kernel/principal.js";
import type { RequestContext } from "../kernel/request.js";
import { Tenant } from "../tenant/tenant.entity.js";
import { tenantReads } from "../tenant/tenant.reads.js";
import { Viewer, type ViewerKind } from "./viewer.entity.js";

@Resolver(() => Viewer)
export class ViewerResolver {
  @Access("viewer.read")
  @Query(() => Viewer, { description: "Who is calling, and what it may do." })
  viewer(@Ctx() { principal }: RequestContext): Viewer {
    return viewerOf(principal);
  }

  @Access("tenant.read")
  @FieldResolver(() => Tenant, { nullable: true, description: "The tenant that the caller acts in." })
  tenant(@Ctx() { reads, principal }: RequestContext, @Info() info: GraphQLResolveInfo): Promise<Tenant | null> {
    return reads(tenantReads).own(principal, info);
  }
}

function viewerOf(principal: Principal): Viewer {
  const { kind, subject, name, roles } = principal;
  return {
    kind: kind as ViewerKind,
    subject,
    name,
    product: principal.kind === "service" ? principal.product : null,
    roles: [...roles],
    actions: actionsOf(principal),
  };
}
