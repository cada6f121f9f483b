/** Owns how a tenant's catalogue is exposed: access, one call. */
import { Arg, Ctx, Directive, ID, Query, Resolver } from "type-graphql";
import { Access } from "../kernel/access.js";
import type { RequestContext } from "../kernel/request.js";
import { CatalogEntry } from "./offer.entity.js";
import { tenantCatalog } from "./offer.reads.js";

@Resolver()
export class CatalogResolver {
  @Access("catalog.read")
  @Directive("@listSize(assumedSize: 20)")
  @Query(() => [CatalogEntry], { nullable: true, description: "Every product of the platform with what a tenant has of it, may try and may ask for, and why not; null when there is no such tenant for this caller." })
  catalog(
    @Arg("tenantId", () => ID, { nullable: true, description: "The caller's own when omitted; staff name one." }) tenantId: string | null,
    @Ctx() context: RequestContext,
  ): Promise<CatalogEntry[] | null> {
    return tenantCatalog(context, tenantId);
  }
}
