/** Owns how clusters are exposed: access, one call each. They are in memory: no door is opened. */
import { Arg, Ctx, Directive, Query, Resolver } from "type-graphql";
import { isSlug } from "../../packages/tenant-names/src/index.js";
import { Access } from "../kernel/access.js";
import { keyText } from "../kernel/id.js";
import { reference } from "../kernel/reference.js";
import type { RequestContext } from "../kernel/request.js";
import { Cluster, clusterOf } from "./cluster.type.js";

reference("Cluster", "cluster.read", async ({ slug }, { facilities }) => {
  const named = keyText(slug);
  return isSlug(named) ? clusterOf(facilities.platform, named) : null;
});

@Resolver(() => Cluster)
export class ClusterResolver {
  @Access("cluster.read")
  @Query(() => Cluster, { nullable: true, description: "A cluster of the platform's file; null when it has none of that name. Platform staff only." })
  cluster(@Arg("slug", () => String) slug: string, @Ctx() { facilities: { platform } }: RequestContext): Cluster | null {
    return platform.cluster(slug) ? clusterOf(platform, slug) : null;
  }

  @Access("cluster.read")
  @Directive("@listSize(assumedSize: 20)")
  @Query(() => [Cluster], { description: "Every cluster of the platform's file, in its order. Platform staff only." })
  clusters(@Ctx() { facilities: { platform } }: RequestContext): Cluster[] {
    return platform.clusters.map(({ slug }) => clusterOf(platform, slug));
  }
}
