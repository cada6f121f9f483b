/** Owns how it is exposed where environments run: fields, access, one call each. */
import { Arg, Args, Ctx, Directive, FieldResolver, Int, Query, Resolver, Root } from "type-graphql";
import { Access } from "../kernel/access.js";
import { connectionOf, LIST_SIZE, PageArgs, type Page } from "../kernel/connection.js";
import type { RequestContext } from "../kernel/request.js";
import { Cluster, clusterOf } from "../platform/cluster.type.js";
import { ClusterKind } from "../platform/platform.js";
import { Tenant } from "../tenant/tenant.entity.js";
import { Environment } from "./environment.entity.js";
import { environmentReads, MAX_PLACEMENTS } from "./environment.reads.js";
import { DeploymentModel, deploymentOf } from "./environment.rules.js";
import { Placement } from "./placement.entity.js";
import { Route, routeReads } from "./route.js";

const RouteConnection = connectionOf(Route, "Route");

@Resolver(() => Environment)
export class EnvironmentPlacementResolver {
  @Access("environment.read")
  @FieldResolver(() => Cluster, { nullable: true, description: "The cluster that it runs on, or ran on until it was put away; null when it was never placed." })
  async cluster(@Root() environment: Environment, @Ctx() { reads, facilities }: RequestContext): Promise<Cluster | null> {
    const slug = await reads(environmentReads).clusterOf.load(environment);
    return slug === null ? null : clusterOf(facilities.platform, slug);
  }

  @Directive("@listSize(assumedSize: 10)")
  @FieldResolver(() => [Placement], { description: `Where it ran, the latest first, at most ${MAX_PLACEMENTS}.` })
  placements(@Root() environment: Environment, @Ctx() { reads }: RequestContext): Promise<Placement[]> {
    return reads(environmentReads).placementsOf.load(environment);
  }
}

@Resolver(() => Placement)
export class PlacementResolver {
  @Access("environment.read")
  @FieldResolver(() => Cluster, { description: "The cluster that it was placed on." })
  cluster(@Root() { cluster }: Placement, @Ctx() { facilities }: RequestContext): Cluster {
    return clusterOf(facilities.platform, cluster);
  }
}

@Resolver(() => Tenant)
export class TenantDeploymentResolver {
  @Access("environment.read")
  @FieldResolver(() => DeploymentModel, { nullable: true, description: "How it is deployed; null when no environment of it runs on a cluster that the platform's file has." })
  async deployment(@Root() { id }: Tenant, @Ctx() { reads, facilities }: RequestContext): Promise<DeploymentModel | null> {
    const { ofTenant, clusterOf: clusterNow } = reads(environmentReads);
    const inUse = (await ofTenant.load(id)).filter(({ archivedAt }) => archivedAt === null);
    const clusters = await Promise.all(inUse.map((environment) => clusterNow.load(environment)));
    return deploymentOf(facilities.platform, clusters.filter((cluster) => cluster !== null));
  }
}

@Resolver(() => Cluster)
export class ClusterEnvironmentsResolver {
  @Access("cluster.read")
  @FieldResolver(() => Int, { description: "How many environments it runs: as many as there are `routes` to it." })
  environmentCount(@Root() { slug }: Cluster, @Ctx() { reads }: RequestContext): Promise<number> {
    return reads(environmentReads).countOn.load(slug);
  }
}

@Resolver(() => Route)
export class RouteResolver {
  @Access("cluster.read")
  @Directive(LIST_SIZE)
  @Query(() => RouteConnection, { description: "Where every environment in use runs now, by tenant and environment; archived tenants have no routes. Platform staff only." })
  routes(
    @Args(() => PageArgs) page: PageArgs,
    @Arg("cluster", () => String, { nullable: true, description: "Those to this cluster only." }) cluster: string | null,
    @Ctx() { reads }: RequestContext,
  ): Promise<Page<Route>> {
    return reads(routeReads).list(cluster, page);
  }

  @FieldResolver(() => String, { nullable: true, description: "Where the cluster is reached; null when the platform's file does not have it any more." })
  domain(@Root() { cluster }: Route, @Ctx() { facilities }: RequestContext): string | null {
    return facilities.platform.cluster(cluster)?.domain ?? null;
  }

  @FieldResolver(() => ClusterKind, { nullable: true, description: "Whose the cluster is; null when the platform's file does not have it any more." })
  kind(@Root() { cluster }: Route, @Ctx() { facilities }: RequestContext): ClusterKind | null {
    return facilities.platform.cluster(cluster)?.kind ?? null;
  }
}
