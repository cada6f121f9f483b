/** Owns what the platform's file says: the clusters that environments are placed on, and the providers that channels are of. No I/O. */
import type { JsonObject, SchemaProblem } from "../catalog/catalog.js";
import { refuseConfigProblems } from "../catalog/catalog.rules.js";
import { Fault } from "../kernel/fault.js";
import { isStorableJson, storableJsonRule } from "../kernel/storable-json.js";

const MAX_CONFIG_BYTES = 16 * 1024;
const MAX_CONFIG_LEVELS = 32;

/** Whose a cluster is: every tenant's that is placed there, or one tenant's alone. */
export enum ClusterKind {
  SHARED = "shared",
  DEDICATED = "dedicated",
}

/** What a cluster can have of its own. Where each is reached, the secret store knows. Source: seed 000's layout of `gbo/tenants/`. */
export const INFRASTRUCTURE = ["tables", "drive", "cache", "email", "directory", "llm", "models"] as const;
export type Infrastructure = (typeof INFRASTRUCTURE)[number];

export interface ClusterManifest {
  readonly slug: string;
  readonly name: string;
  readonly kind: ClusterKind;
  /** Slug of the only tenant that may be placed on it; null when it is shared. */
  readonly tenant: string | null;
  readonly domain: string;
  readonly infrastructure: readonly Infrastructure[];
}

/** A kind of channel, for instance of a messenger. */
export interface ProviderManifest {
  readonly key: string;
  readonly name: string;
  readonly configSchema: JsonObject;
  /** Every name that the schema declares for a setting, however deep: what may be repeated to a caller. */
  readonly settingNames: ReadonlySet<string>;
  /** What is wrong with a channel's settings; nothing when they fit. */
  configProblems(config: JsonObject): readonly SchemaProblem[];
}

/** In the order of the file, and the same for every request. Rows may hold names that no manifest knows any more: look-ups may find nothing. */
export interface Platform {
  readonly clusters: readonly ClusterManifest[];
  readonly providers: readonly ProviderManifest[];
  /** Where an environment goes when nobody says where: the first shared cluster. */
  readonly standard: ClusterManifest | null;
  cluster(slug: string): ClusterManifest | undefined;
  provider(key: string): ProviderManifest | undefined;
  /** What is wrong with a channel, at `provider` or `config.…`; nothing when it fits, which bounds its size too. */
  channelProblems(provider: string, config: JsonObject): readonly SchemaProblem[];
  /** Faults: BAD_USER_INPUT(provider) when there is no such provider, BAD_USER_INPUT(config.<path>) when the settings break its rules. */
  refuseUnfitChannelConfig(provider: string, config: JsonObject): void;
}

declare module "../kernel/request.js" {
  interface Facilities {
    platform: Platform;
  }
}

/** The platform of manifests that have been checked. */
export function platformOf(clusters: readonly ClusterManifest[], providers: readonly ProviderManifest[]): Platform {
  const clusterOf = new Map(clusters.map((cluster) => [cluster.slug, cluster]));
  const providerOf = new Map(providers.map((provider) => [provider.key, provider]));
  const channelProblems = (key: string, config: JsonObject) => problemsOfChannel(providerOf.get(key), config);
  return {
    clusters,
    providers,
    standard: clusters.find(({ kind }) => kind === ClusterKind.SHARED) ?? null,
    cluster: (slug) => clusterOf.get(slug),
    provider: (key) => providerOf.get(key),
    channelProblems,
    refuseUnfitChannelConfig(key, config) {
      const provider = providerOf.get(key);
      if (!provider) throw new Fault("BAD_USER_INPUT", "The platform has no such provider of channels", { field: "provider" });
      refuseConfigProblems(channelProblems(key, config).map(({ place: [, ...place], ...problem }) => ({ ...problem, place })), provider.settingNames);
    },
  };
}

function problemsOfChannel(provider: ProviderManifest | undefined, config: JsonObject): readonly SchemaProblem[] {
  if (!provider) return [{ place: ["provider"], rule: "must be one of the platform's providers of channels" }];
  if (!isStorableJson(config, MAX_CONFIG_LEVELS)) return [{ place: ["config"], rule: storableJsonRule(MAX_CONFIG_LEVELS) }];
  if (Buffer.byteLength(JSON.stringify(config)) > MAX_CONFIG_BYTES) return [{ place: ["config"], rule: `must be at most ${MAX_CONFIG_BYTES} bytes` }];
  return provider.configProblems(config).map((problem) => ({ ...problem, place: ["config", ...problem.place] }));
}
