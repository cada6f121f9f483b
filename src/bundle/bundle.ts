/** Owns what a bundle is: what it says of one tenant, what is there already, and the steps that lead from the one to the other. No I/O. */
import type { JsonObject } from "../catalog/catalog.js";
import type { Settings, SettingsInput } from "../settings/settings.js";

/** What a bundle says of one tenant. What is not in it, it does not speak of; a section that is in it lists everything of its kind. */
export interface TenantBundle {
  readonly name?: string;
  readonly settings?: SettingsInput;
  readonly environments?: ReadonlyMap<string, EnvironmentBundle>;
  readonly teams?: ReadonlyMap<string, TeamBundle>;
  /** False when there may be further teams: then none is too many. */
  readonly allTeams: boolean;
  readonly flows?: ReadonlyMap<string, FlowBundle>;
}

export interface EnvironmentBundle {
  readonly name?: string;
  readonly cluster?: string;
  readonly settings?: SettingsInput;
  /** Flow → number of the version that it runs. */
  readonly flows?: ReadonlyMap<string, number>;
}

export interface TeamBundle {
  readonly name?: string;
  readonly settings?: SettingsInput;
  readonly channels?: ReadonlyMap<string, ChannelBundle>;
}

export interface ChannelBundle {
  readonly provider: string;
  readonly config?: JsonObject;
}

/** One body: what the latest version is to be. A list: the versions from number 1 on. */
export type FlowBundle = JsonObject | readonly JsonObject[];

/** What is there of one tenant: nothing archived, and everything by its slug or name. */
export interface PresentTenant {
  readonly name: string;
  readonly settings: Settings;
  readonly environments: ReadonlyMap<string, PresentEnvironment>;
  readonly teams: ReadonlyMap<string, PresentTeam>;
  readonly flows: ReadonlyMap<string, PresentFlow>;
}

export interface PresentEnvironment {
  readonly name: string;
  readonly cluster: string | null;
  readonly settings: Settings;
  readonly flows: ReadonlyMap<string, number>;
}

export interface PresentTeam {
  readonly name: string;
  readonly settings: Settings;
  readonly channels: ReadonlyMap<string, PresentChannel>;
}

export interface PresentChannel {
  readonly provider: string;
  readonly config: JsonObject;
}

export interface PresentFlow {
  readonly latest: number;
  /** Number → body, of the versions that were read: all of a flow that was asked for, and none of the others. */
  readonly bodies: ReadonlyMap<number, JsonObject>;
}

/** What is done in a step. */
export enum StepKind {
  ADD = "add",
  CHANGE = "change",
  REMOVE = "remove",
}

/** What a step is done to. */
export enum StepThing {
  TENANT = "tenant",
  SETTINGS = "settings",
  ENVIRONMENT = "environment",
  TEAM = "team",
  CHANNEL = "channel",
  FLOW = "flow",
  RUNNING_FLOW = "running_flow",
}

/** One difference between what is there and what is to be there. */
export interface Step {
  readonly kind: StepKind;
  readonly what: StepThing;
  /** Slugs and names from the tenant inwards: `support/slack`; of the tenant itself and its settings, the tenant's slug. */
  readonly name: string;
  /** Of what is changed, the members that differ; of what is removed, all of it; null of what is added. */
  readonly before: JsonObject | null;
  /** Of what is changed, the members that differ; of what is added, all of it; null of what is removed. */
  readonly after: JsonObject | null;
}

/** Where in what the bundle says of a tenant something is wrong: slugs and names from outside inwards, and list items by number. */
export interface BundleProblem {
  readonly place: readonly (string | number)[];
  readonly rule: string;
  /** A member that should not be there, and the names that might have been meant. */
  readonly stranger?: { readonly name: string; readonly known: readonly string[] };
}

/** Parts of a step's name. None of them can contain it. */
export const SEPARATOR = "/";
