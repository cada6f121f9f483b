/** Owns what is wrong with a bundle whose shape is right: names, settings, providers, clusters, flows, and what cannot follow from what is there. No I/O. */
import type { Catalog, JsonObject } from "../catalog/catalog.js";
import { clusterFor, ENVIRONMENTS_AT_MOST } from "../environment/environment.rules.js";
import { bodyProblems, flowNameProblem, MAX_FLOWS } from "../flow/flow.rules.js";
import { closest } from "../kernel/misspelling.js";
import { isNameForPeople } from "../kernel/validation.js";
import type { Platform } from "../platform/platform.js";
import type { SettingsInput } from "../settings/settings.js";
import { settingProblems } from "../settings/settings.rules.js";
import { CHANNELS_AT_MOST, TEAMS_AT_MOST } from "../team/team.rules.js";
import { isReservedSlug, slugProblem, TENANT_SLUG } from "../tenant/tenant.rules.js";
import { isList, isSame, newVersions } from "./bundle.flows.js";
import type { BundleProblem, ChannelBundle, EnvironmentBundle, FlowBundle, PresentFlow, PresentTeam, PresentTenant, TeamBundle, TenantBundle } from "./bundle.js";

type Place = BundleProblem["place"];

/** What a tenant that only a bundle speaks of begins with: it has bought nothing yet. */
export const FIRST_PLAN = "starter";

/** Why a tenant that there is not cannot be made. */
export function beginningProblems(slug: string, catalog: Catalog): readonly BundleProblem[] {
  return [
    ...(TENANT_SLUG.test(slug) && !isReservedSlug(slug) ? [] : [{ place: [], rule: "is not what a tenant can be called: 3 to 40 lower-case letters, digits and inner hyphens, and no name of the platform's own" }]),
    ...(catalog.plan(FIRST_PLAN) ? [] : [{ place: [], rule: `is no tenant yet, and cannot be made: the catalogue has no plan ${FIRST_PLAN}` }]),
  ];
}

/** What is wrong with what is said of a tenant, whatever there is already. */
export function bundleProblems(slug: string, { name, settings, environments, teams, flows }: TenantBundle, platform: Platform): readonly BundleProblem[] {
  return [
    ...nameProblems(name, []),
    ...settingsProblems(settings, []),
    ...each(environments, ["environments"], (environment, place) => environmentProblems(environment, place, slug, platform)),
    ...each(teams, ["teams"], (team, place) => teamProblems(team, place, platform)),
    ...each(flows, ["flows"], (flow, place) => listed(flow).flatMap(([body, number]) => flowProblems(body, number === null ? place : [...place, number])), flowNameProblem),
  ];
}

function each<T>(things: ReadonlyMap<string, T> | undefined, place: Place, look: (thing: T, place: Place) => readonly BundleProblem[], nameProblem = slugProblem): BundleProblem[] {
  return [...(things ?? [])].flatMap(([name, thing]) => {
    const at = [...place, name];
    const rule = nameProblem(name);
    return [...(rule === null ? [] : [{ place: at, rule: `has a name that ${rule}` }]), ...look(thing, at)];
  });
}

function nameProblems(name: string | undefined, place: Place): BundleProblem[] {
  return name === undefined || isNameForPeople(name) ? [] : [{ place: [...place, "name"], rule: "must be 1 to 200 characters of printable text" }];
}

function settingsProblems(settings: SettingsInput | undefined, place: Place): BundleProblem[] {
  return settingProblems(settings ?? {}).map(({ key, rule, known }) => ({
    place: [...place, "settings", key],
    // The path ends with the setting's name already.
    rule: known ? strangeness(key, known) : rule.replace(new RegExp(`^${key} `), ""),
  }));
}

/** What to say of a name that is not among the known ones. */
export function strangeness(name: string, known: readonly string[]): string {
  const meant = closest(name, known);
  return meant === undefined ? `is not known here; there are ${known.join(", ")}` : `is not known here; did you mean ${meant}?`;
}

function environmentProblems({ name, cluster, settings, flows }: EnvironmentBundle, place: Place, tenant: string, platform: Platform): BundleProblem[] {
  return [
    ...nameProblems(name, place),
    ...settingsProblems(settings, place),
    ...(cluster === undefined || clusterFor(platform, tenant, cluster) ? [] : [{ place: [...place, "cluster"], rule: "is no cluster for this tenant" }]),
    ...each(flows, [...place, "flows"], () => [], flowNameProblem),
  ];
}

function teamProblems({ name, settings, channels }: TeamBundle, place: Place, platform: Platform): BundleProblem[] {
  return [...nameProblems(name, place), ...settingsProblems(settings, place), ...each(channels, [...place, "channels"], (channel, at) => channelProblems(channel, at, platform))];
}

/** Of a channel whose settings are not spoken of, only what is there can tell which it will have: {@link silentProblems}. */
function channelProblems({ provider, config }: ChannelBundle, place: Place, platform: Platform): BundleProblem[] {
  if (config !== undefined) return configProblems(provider, config, place, platform);
  return platform.provider(provider) ? [] : configProblems(provider, {}, place, platform);
}

function configProblems(provider: string, config: JsonObject, place: Place, platform: Platform): BundleProblem[] {
  return platform.channelProblems(provider, config).map(({ place: inside, rule, stranger }) =>
    stranger ? { place: [...place, ...inside, stranger.name], rule: strangeness(stranger.name, stranger.known) } : { place: [...place, ...inside], rule },
  );
}

function flowProblems(body: object, place: Place): BundleProblem[] {
  return bodyProblems(body).map(({ place: inside, rule }) => ({ place: [...place, ...inside.map((step) => (/^\d+$/.test(step) ? Number(step) : step))], rule }));
}

/** A flow's bodies, each with its place in the list; null when it is not one. */
function listed(flow: FlowBundle): [body: object, index: number | null][] {
  return isList(flow) ? flow.map((body, index) => [body, index]) : [[flow, null]];
}

/** What cannot follow from what is there; `present` is null when there is no such tenant. */
export function sequenceProblems({ environments, teams, flows }: TenantBundle, present: PresentTenant | null, platform: Platform): readonly BundleProblem[] {
  return [
    ...[...(environments ?? [])].flatMap(([slug, { cluster, flows: running }]) => {
      const place = ["environments", slug];
      const homeless = cluster === undefined && !platform.standard && !present?.environments.has(slug);
      return [...(homeless ? [{ place, rule: "needs a cluster, because there is none that everybody may use" }] : []), ...runningProblems(running, flows, present, [...place, "flows"])];
    }),
    ...tooMany(environments, present?.environments, ["environments"], ENVIRONMENTS_AT_MOST),
    ...tooMany(teams, present?.teams, ["teams"], TEAMS_AT_MOST),
    ...[...(teams ?? [])].flatMap(([slug, { channels }]) => {
      const [there, place] = [present?.teams.get(slug)?.channels, ["teams", slug, "channels"]];
      return [...silentProblems(channels, there, place, platform), ...tooMany(channels, there, place, CHANNELS_AT_MOST)];
    }),
    ...[...(flows ?? [])].flatMap(([name, flow]) => versionProblems(flow, present?.flows.get(name), ["flows", name])),
    ...tooMany(flows, present?.flows, ["flows"], MAX_FLOWS),
  ];
}

/** Channels that begin, or begin anew with another provider, without a word about their settings. */
function silentProblems(channels: TeamBundle["channels"], present: PresentTeam["channels"] | undefined, place: Place, platform: Platform): BundleProblem[] {
  return [...(channels ?? [])].flatMap(([slug, { provider, config }]) => {
    const stays = config !== undefined || present?.get(slug)?.provider === provider || !platform.provider(provider);
    return stays ? [] : configProblems(provider, {}, [...place, slug], platform);
  });
}

/** An environment can run what is there, and what the bundle adds. */
function runningProblems(running: EnvironmentBundle["flows"], flows: TenantBundle["flows"], present: PresentTenant | null, place: Place): BundleProblem[] {
  return [...(running ?? [])].flatMap(([name, number]) => {
    const there = present?.flows.get(name);
    const latest = Math.max(there?.latest ?? 0, newVersions(flows?.get(name), there).at(-1)?.number ?? 0);
    if (number <= latest) return [];
    return [{ place: [...place, name], rule: latest === 0 ? "names a flow that the tenant does not have" : `names a version that there is not: the latest is ${latest}` }];
  });
}

/** What was published stays as it is, and nothing is published twice in a row. */
function versionProblems(flow: FlowBundle, present: PresentFlow | undefined, place: Place): BundleProblem[] {
  if (!isList(flow)) return [];
  return flow.flatMap((body, index) => {
    const published = present?.bodies.get(index + 1);
    if (published !== undefined) return isSame(published, body) ? [] : [{ place: [...place, index], rule: `is not version ${index + 1} as it was published, and versions never change` }];
    return index > 0 && isSame(flow[index - 1], body) ? [{ place: [...place, index], rule: "says the same as the version before it" }] : [];
  });
}

/** What is to go does so last: until then it counts. */
function tooMany(desired: ReadonlyMap<string, unknown> | undefined, present: ReadonlyMap<string, unknown> | undefined, place: Place, most: number): BundleProblem[] {
  const count = new Set([...(desired?.keys() ?? []), ...(present?.keys() ?? [])]).size;
  if (!desired || count <= most) return [];
  return [{ place, rule: `would be ${count} with those that are there, and can be at most ${most}` }];
}
