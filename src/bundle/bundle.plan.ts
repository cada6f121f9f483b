/** Owns what has to be done so that a tenant becomes what a bundle says of it. No I/O: whoever plans again from the same gets the same. */
import type { JsonObject } from "../catalog/catalog.js";
import type { Settings, SettingsInput } from "../settings/settings.js";
import { settingsAfter } from "../settings/settings.rules.js";
import { SEPARATOR, StepKind, StepThing, type ChannelBundle, type PresentChannel, type PresentTenant, type Step, type TenantBundle } from "./bundle.js";
import { isSame, newVersions } from "./bundle.flows.js";

export interface Plan {
  /** In the order in which they can be done: what is new or different, from the tenant inwards. */
  readonly steps: readonly Step[];
  /** What is there and not in the bundle, from the inside outwards: to be done after the steps, by whoever wants it gone. */
  readonly removals: readonly Step[];
}

/** What a tenant begins as. */
const NOTHING = { settings: {}, environments: new Map(), teams: new Map(), flows: new Map() } satisfies Omit<PresentTenant, "name">;

/**
 * What leads from what is there to what the bundle says, of a bundle without problems. `present` is null when there is no such tenant.
 * What is archived counts as not there. Nothing here takes away a tenant, a version of a flow, or a setting that is not spoken of.
 */
export function planBundle(slug: string, desired: TenantBundle, present: PresentTenant | null): Plan {
  const { steps, there } = ofTenant(slug, desired, present);
  const environments = ofEnvironments(desired, there);
  const teams = ofTeams(desired, there);
  const channels = ofChannels(desired, there, teams.removals);
  const running = ofRunningFlows(desired, there, environments.removals);
  return {
    steps: [...steps, ...environments.steps, ...teams.steps, ...channels.steps, ...ofFlows(desired, there), ...running.steps],
    removals: [...running.removals, ...channels.removals, ...teams.removals, ...environments.removals],
  };
}

function ofTenant(slug: string, { name, settings }: TenantBundle, present: PresentTenant | null): { steps: Step[]; there: PresentTenant } {
  const there = present ?? { ...NOTHING, name: name ?? slug };
  const itself = present ? changed(StepThing.TENANT, slug, { name: [present.name, name] }) : [added(StepThing.TENANT, slug, { name: there.name })];
  return { steps: [...itself, ...changed(StepThing.SETTINGS, slug, eachSetting(there.settings, settings))], there };
}

function ofEnvironments({ environments }: TenantBundle, there: PresentTenant): Plan {
  return compared(StepThing.ENVIRONMENT, environments, there.environments, {
    add: (slug, { name = slug, cluster, settings }) => ({ name, ...(cluster !== undefined && { cluster }), ...ownSettings(settings) }),
    change: (environment, { name, cluster, settings }) => ({ name: [environment.name, name], cluster: [environment.cluster, cluster], settings: settingsChange(environment.settings, settings) }),
    remove: asMembers,
  });
}

function ofTeams({ teams, allTeams }: TenantBundle, there: PresentTenant): Plan {
  const plan = compared(StepThing.TEAM, teams, there.teams, {
    add: (slug, { name = slug, settings }) => ({ name, ...ownSettings(settings) }),
    change: (team, { name, settings }) => ({ name: [team.name, name], settings: settingsChange(team.settings, settings) }),
    remove: asMembers,
  });
  return allTeams ? plan : { ...plan, removals: [] };
}

/** Of a team that is to go, all channels go before it: if it comes back, it comes back without them. */
function ofChannels({ teams = new Map() }: TenantBundle, there: PresentTenant, leaving: readonly Step[]): Plan {
  const plans = sortedNames(teams).map((team) =>
    compared(StepThing.CHANNEL, teams.get(team)?.channels, there.teams.get(team)?.channels ?? new Map<string, PresentChannel>(), CHANNEL, `${team}${SEPARATOR}`),
  );
  const removed = leaving.flatMap(({ name: team }) => compared(StepThing.CHANNEL, new Map(), there.teams.get(team)?.channels ?? new Map(), CHANNEL, `${team}${SEPARATOR}`).removals);
  return { steps: plans.flatMap(({ steps }) => steps), removals: byName([...plans.flatMap(({ removals }) => removals), ...removed]) };
}

const CHANNEL: Comparison<ChannelBundle, PresentChannel> = {
  add: (_, { provider, config = {} }) => ({ provider, config }),
  // Settings of one provider mean nothing to another one.
  change: (channel, { provider, config = provider === channel.provider ? channel.config : {} }) => ({ provider: [channel.provider, provider], config: [channel.config, config] }),
  remove: (channel) => ({ ...channel }),
};

/** Versions are only ever added: of one body the next one if it is not the latest, of a list those that are not there yet. */
function ofFlows({ flows = new Map() }: TenantBundle, there: PresentTenant): Step[] {
  return sortedNames(flows).flatMap((flow) => newVersions(flows.get(flow), there.flows.get(flow)).map((version) => added(StepThing.FLOW, flow, version)));
}

/** An environment that is to go runs nothing any more before it goes. */
function ofRunningFlows({ environments = new Map() }: TenantBundle, there: PresentTenant, leaving: readonly Step[]): Plan {
  const running = (slug: string) => there.environments.get(slug)?.flows ?? new Map<string, number>();
  const plans = sortedNames(environments).map((slug) => compared(StepThing.RUNNING_FLOW, environments.get(slug)?.flows, running(slug), NUMBER, `${slug}${SEPARATOR}`));
  const removed = leaving.flatMap(({ name: slug }) => compared(StepThing.RUNNING_FLOW, new Map(), running(slug), NUMBER, `${slug}${SEPARATOR}`).removals);
  return { steps: plans.flatMap(({ steps }) => steps), removals: byName([...plans.flatMap(({ removals }) => removals), ...removed]) };
}

const NUMBER: Comparison<number, number> = {
  add: (_, number) => ({ number }),
  change: (before, number) => ({ number: [before, number] }),
  remove: (number) => ({ number }),
};

/** Member → what it is, and what it is to be; what is undefined stays. */
type Differences = Readonly<Record<string, readonly [before: unknown, after: unknown]>>;

/** How things of one kind are compared, once they were found by their names. */
interface Comparison<Desired, Present> {
  add(name: string, desired: Desired): JsonObject;
  change(present: Present, desired: Desired): Differences;
  remove(present: Present): JsonObject;
}

/** Things that are not spoken of at all stay as they are. */
function compared<Desired, Present>(
  what: StepThing,
  desired: ReadonlyMap<string, Desired> | undefined,
  present: ReadonlyMap<string, Present>,
  { add, change, remove }: Comparison<Desired, Present>,
  prefix = "",
): Plan {
  if (!desired) return { steps: [], removals: [] };
  const steps = sortedNames(desired).flatMap((slug) => {
    const [wish, fact] = [desired.get(slug) as Desired, present.get(slug)];
    return fact === undefined ? [added(what, prefix + slug, add(slug, wish))] : changed(what, prefix + slug, change(fact, wish));
  });
  const removals = sortedNames(present)
    .filter((slug) => !desired.has(slug))
    .map((slug) => ({ kind: StepKind.REMOVE, what, name: prefix + slug, before: remove(present.get(slug) as Present), after: null }));
  return { steps, removals };
}

function added(what: StepThing, name: string, after: object): Step {
  return { kind: StepKind.ADD, what, name, before: null, after: { ...after } };
}

/** A step with the members that differ, or none when none does. */
function changed(what: StepThing, name: string, differences: Differences): Step[] {
  const different = Object.entries(differences).filter(([, [before, after]]) => after !== undefined && !isSame(before, after));
  if (different.length === 0) return [];
  const of = (side: 0 | 1) => Object.fromEntries(different.map(([member, values]) => [member, values[side]]));
  return [{ kind: StepKind.CHANGE, what, name, before: of(0), after: of(1) }];
}

/** Setting → what an owner says, and what it is to say: null for nothing. */
function eachSetting(own: Readonly<Settings>, given: SettingsInput | undefined): Differences {
  const [before, after] = [own, settingsAfter(own, given)] as Record<string, unknown>[];
  return Object.fromEntries(Object.keys({ ...before, ...after }).sort().map((key) => [key, [before?.[key] ?? null, after?.[key] ?? null]]));
}

/** The settings that differ, as one member. */
function settingsChange(own: Settings, given: SettingsInput | undefined): readonly [before: unknown, after: unknown] {
  const [step] = changed(StepThing.SETTINGS, "", eachSetting(own, given));
  return [step?.before, step?.after];
}

/** What a new owner says for itself, if that is anything. */
function ownSettings(given: SettingsInput | undefined): { settings?: Settings } {
  const settings = settingsAfter({}, given);
  return Object.keys(settings).length > 0 ? { settings } : {};
}

/** Of a thing that is there, what steps tell of it: not what it contains, which has steps of its own. */
function asMembers({ name, cluster, settings }: { name: string; cluster?: string | null; settings: Settings }): JsonObject {
  return { name, ...(cluster != null && { cluster }), settings };
}

function sortedNames(things: ReadonlyMap<string, unknown>): string[] {
  return [...things.keys()].sort();
}

function byName(steps: Step[]): Step[] {
  return steps.sort((one, other) => (one.name < other.name ? -1 : 1));
}
