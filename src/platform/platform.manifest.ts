/** Owns how the content of the platform's file becomes the platform, and what is wrong with content that cannot. No I/O. */
import { isReservedName } from "../../packages/tenant-names/src/index.js";
import { isObject, type JsonObject, type SchemaProblem } from "../catalog/catalog.js";
import { declaredNames, schemaCheck, UnfitSchemaError } from "../catalog/catalog.json-schema.js";
import { ClusterKind, platformOf, type ClusterManifest, type Platform, type ProviderManifest } from "./platform.js";
import { PLATFORM_SHAPE, type ClusterContent, type PlatformContent, type ProviderContent } from "./platform.shape.js";

/** Of a provider that says nothing of settings: its channels have none. */
const NO_SETTINGS = { type: "object", additionalProperties: false };

/** The platform, to be used only when there are no problems. What has the wrong shape is not looked into further. */
export function platformFrom(content: unknown): { value: Platform; problems: readonly SchemaProblem[] } {
  if (!isObject(content)) return { value: platformOf([], []), problems: [{ place: [], rule: "must be an object with clusters and providers" }] };
  const problems = [...schemaCheck(PLATFORM_SHAPE)(content)];
  const misshapen = [...problems];
  /** The members of a map that have the right shape. */
  function wellShaped<Map extends keyof PlatformContent>(map: Map): [string, PlatformContent[Map][string]][] {
    const members = content as JsonObject & Partial<PlatformContent>;
    if (!isObject(members[map])) return [];
    const entries = Object.entries(members[map]) as [string, PlatformContent[Map][string]][];
    return entries.filter(([key]) => !misshapen.some(({ place, stranger }) => place[0] === map && (place[1] === key || (place.length === 1 && stranger?.name === key))));
  }
  const clusters = wellShaped("clusters").map(([slug, cluster]) => clusterFrom(slug, cluster));
  problems.push(...problemsOfClusters(clusters));
  const providers = wellShaped("providers").map(([key, provider]) => providerFrom(key, provider, problems));
  return { value: platformOf(clusters, providers), problems };
}

function clusterFrom(slug: string, { tenant, infrastructure = [], ...cluster }: ClusterContent): ClusterManifest {
  return { slug, ...cluster, tenant: tenant ?? null, infrastructure };
}

function problemsOfClusters(clusters: readonly ClusterManifest[]): SchemaProblem[] {
  const problems: SchemaProblem[] = [];
  const ofDomain = new Map<string, string>();
  for (const { slug, kind, tenant, domain } of clusters) {
    const place = ["clusters", slug];
    const first = ofDomain.get(domain);
    ofDomain.set(domain, first ?? slug);
    if (isReservedName(slug)) problems.push({ place, rule: "has a name that is reserved" });
    if (first !== undefined) problems.push({ place: [...place, "domain"], rule: `is the domain of clusters.${first} already` });
    if (kind === ClusterKind.DEDICATED && tenant === null) problems.push({ place: [...place, "tenant"], rule: "is missing, which a dedicated cluster needs" });
    if (kind === ClusterKind.SHARED && tenant !== null) problems.push({ place: [...place, "tenant"], rule: "is not allowed: a shared cluster is nobody's" });
    if (tenant !== null && isReservedName(tenant)) problems.push({ place: [...place, "tenant"], rule: "is a reserved name" });
  }
  return problems;
}

/** A schema that cannot be used has its problem; channels of the provider are then not looked at. */
function providerFrom(key: string, { name, configSchema = NO_SETTINGS }: ProviderContent, problems: SchemaProblem[]): ProviderManifest {
  const manifest = { key, name, configSchema, settingNames: declaredNames(configSchema) };
  try {
    return { ...manifest, configProblems: schemaCheck(configSchema) };
  } catch (error) {
    if (!(error instanceof UnfitSchemaError)) throw error;
    problems.push(...error.problems.map((problem) => ({ ...problem, place: ["providers", key, "configSchema", ...problem.place] })));
    return { ...manifest, configProblems: () => [] };
  }
}
