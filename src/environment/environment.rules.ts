/** Owns what is true of environments: what they may be called, how many there may be, on which clusters they may be placed, and what follows for a tenant. No I/O. */
import { registerEnumType } from "type-graphql";
import { Fault } from "../kernel/fault.js";
import { ClusterKind, type ClusterManifest, type Platform } from "../platform/platform.js";

export const ENVIRONMENTS_AT_MOST = 20;
/** Also of those that were put away: their slugs are taken for ever. */
export const ENVIRONMENTS_EVER = 100;

/** Faults: FAILED_PRECONDITION when it is put away. */
export function refuseArchived({ archivedAt }: { archivedAt: Date | null }): void {
  if (archivedAt !== null) throw new Fault("FAILED_PRECONDITION", "The environment is archived; restore it before changing it", { field: "id" });
}

/** Faults: LIMIT_EXCEEDED when the tenant has more than it may, the new one included. */
export function refuseTooMany({ inUse, ever }: { inUse: number; ever: number }): void {
  if (inUse > ENVIRONMENTS_AT_MOST) throw new Fault("LIMIT_EXCEEDED", `A tenant can have at most ${ENVIRONMENTS_AT_MOST} environments in use`);
  if (ever > ENVIRONMENTS_EVER) throw new Fault("LIMIT_EXCEEDED", `A tenant can have at most ${ENVIRONMENTS_EVER} environments, archived ones included`);
}

/**
 * The cluster on which an environment of this tenant is to be placed; undefined when there is none of that name for it. Another tenant's
 * own cluster is none: its name is a customer's.
 */
export function clusterFor(platform: Platform, tenantSlug: string, cluster: string): ClusterManifest | undefined {
  const manifest = platform.cluster(cluster);
  return manifest?.kind === ClusterKind.DEDICATED && manifest.tenant !== tenantSlug ? undefined : manifest;
}

/** Faults: BAD_USER_INPUT(cluster) when there is none of that name for this tenant. */
export function knownCluster(platform: Platform, tenantSlug: string, cluster: string): ClusterManifest {
  const manifest = clusterFor(platform, tenantSlug, cluster);
  if (!manifest) throw new Fault("BAD_USER_INPUT", "There is no such cluster for this tenant", { field: "cluster" });
  return manifest;
}

/** Where an environment goes when nobody says where. Faults: BAD_USER_INPUT(cluster) when the platform shares none. */
export function standardCluster({ standard }: Platform): ClusterManifest {
  if (!standard) throw new Fault("BAD_USER_INPUT", "Name a cluster: the platform has no shared one", { field: "cluster" });
  return standard;
}

/** Source: seed 000's ways to deploy. */
export enum DeploymentModel {
  SINGLE_TENANT = "single_tenant",
  SHARED = "shared",
  HYBRID = "hybrid",
}

registerEnumType(DeploymentModel, {
  name: "DeploymentModel",
  description: "How a tenant is deployed, by the clusters of its environments that are in use.",
  valuesConfig: {
    SINGLE_TENANT: { description: "All run on clusters of its own." },
    SHARED: { description: "All run on clusters that it shares with other tenants." },
    HYBRID: { description: "Some run on clusters of its own, some on shared ones." },
  },
});

/** Null when nothing of the tenant runs on a cluster that the platform's file has. */
export function deploymentOf(platform: Platform, clusters: readonly string[]): DeploymentModel | null {
  const kinds = new Set(clusters.flatMap((slug) => platform.cluster(slug)?.kind ?? []));
  if (kinds.size > 1) return DeploymentModel.HYBRID;
  if (kinds.has(ClusterKind.DEDICATED)) return DeploymentModel.SINGLE_TENANT;
  return kinds.has(ClusterKind.SHARED) ? DeploymentModel.SHARED : null;
}
