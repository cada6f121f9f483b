/** Owns how one step of a bundle is taken: by what the thing's own room does in a transaction. */
import type { EntityManager } from "typeorm";
import type { Catalog, JsonObject } from "../catalog/catalog.js";
import { addEnvironment, changeEnvironment, moveEnvironment } from "../environment/environment.changes.js";
import { Environment } from "../environment/environment.entity.js";
import { publish, run } from "../flow/flow.changes.js";
import type { AuditDraft, Change } from "../kernel/doors.js";
import type { Platform } from "../platform/platform.js";
import type { SettingsInput } from "../settings/settings.js";
import { addChannel, changeChannel } from "../team/channel.changes.js";
import { Channel } from "../team/channel.entity.js";
import { addTeam, changeTeam } from "../team/team.changes.js";
import { Team } from "../team/team.entity.js";
import { changeTenant } from "../tenant/tenant.changes.js";
import { Tenant } from "../tenant/tenant.entity.js";
import { SEPARATOR, StepKind, StepThing, type Step } from "./bundle.js";

/** In what a step is taken. The transaction holds the tenant, and with it all that is in it: every change asks for the tenant first. */
export interface Scene {
  readonly tx: EntityManager;
  readonly tenantId: string;
  readonly platform: Platform;
  readonly catalog: Catalog;
  readonly publishedBy: string;
  readonly now: Date;
}

/** What there is of a thing after a step; which members, its kind says. */
interface After {
  readonly name?: string;
  readonly cluster?: string;
  readonly settings?: SettingsInput;
  readonly provider?: string;
  readonly config?: JsonObject;
  readonly number?: number;
  readonly body?: JsonObject;
}

type Taken = Change<unknown>;
type Take = (scene: Scene, name: string, after: After, kind: StepKind) => Promise<Taken[]>;

const TAKE: Readonly<Record<StepThing, Take>> = {
  [StepThing.TENANT]: async ({ tx, tenantId, catalog }, _, { name }) => [await changeTenant(tx, catalog, await tenantOf(tx, tenantId), { ...(name !== undefined && { name }) })],
  [StepThing.SETTINGS]: async ({ tx, tenantId, catalog }, _, settings) => [await changeTenant(tx, catalog, await tenantOf(tx, tenantId), { settings: settings as SettingsInput })],
  [StepThing.ENVIRONMENT]: takeEnvironment,
  [StepThing.TEAM]: takeTeam,
  [StepThing.CHANNEL]: takeChannel,
  [StepThing.FLOW]: async ({ tx, tenantId, publishedBy }, name, { body = {} }) => [await publish(tx, { tenantId, name, body, publishedBy })],
  [StepThing.RUNNING_FLOW]: async ({ tx, tenantId }, name, { number = null }) => {
    const [slug = "", flow = ""] = name.split(SEPARATOR);
    return [await run(tx, { environment: await environmentOf(tx, tenantId, slug), flow, number })];
  },
};

/** Take a step that was planned in this transaction. Answers what is recorded of it: of what it was done to, what was done. */
export async function takeStep(scene: Scene, { kind, what, name, after }: Step): Promise<AuditDraft> {
  const taken = await TAKE[what](scene, name, after ?? {}, kind);
  const drafts = taken.flatMap((change) => ("audit" in change ? change.audit : []));
  const [first] = drafts;
  if (!first) throw new Error(`the step ${kind} ${what} changed nothing`);
  const changed = drafts.flatMap(({ metadata }) => (metadata?.["changed"] ?? []) as string[]);
  return { ...first, metadata: { ...Object.assign({}, ...drafts.map(({ metadata }) => metadata)), ...(changed.length > 0 && { changed }), did: kind } };
}

async function takeEnvironment({ tx, tenantId, platform, now }: Scene, slug: string, { name, cluster, settings }: After, kind: StepKind): Promise<Taken[]> {
  if (kind === StepKind.ADD) {
    const added = await addEnvironment(tx, { platform, now }, { tenantId, slug, name: name ?? slug, cluster, settings });
    // One that comes back runs what the bundle says, and not what it ran when it was put away.
    await tx.query("update environment_flows set number = null where tenant_id = $1 and environment_id = $2 and number is not null", [tenantId, added.value.environment.id]);
    return [added];
  }
  const environment = await environmentOf(tx, tenantId, slug);
  if (kind === StepKind.REMOVE) return [await changeEnvironment(tx, environment, { archived: true }, now)];
  return [
    await changeEnvironment(tx, environment, { ...(name !== undefined && { name }), ...(settings && { settings }) }, now),
    ...(cluster === undefined ? [] : [await moveEnvironment(tx, { platform, now }, environment, cluster)]),
  ];
}

async function takeTeam({ tx, tenantId, now }: Scene, slug: string, { name, settings }: After, kind: StepKind): Promise<Taken[]> {
  if (kind === StepKind.ADD) return [await addTeam(tx, { tenantId, slug, name: name ?? slug, ...(settings && { settings }) })];
  const changes = kind === StepKind.REMOVE ? { archived: true } : { ...(name !== undefined && { name }), ...(settings && { settings }) };
  return [await changeTeam(tx, await teamOf(tx, tenantId, slug), changes, now)];
}

async function takeChannel({ tx, tenantId, platform, now }: Scene, path: string, { provider, config }: After, kind: StepKind): Promise<Taken[]> {
  const [of = "", slug = ""] = path.split(SEPARATOR);
  const team = await teamOf(tx, tenantId, of);
  if (kind === StepKind.ADD) return [await addChannel(tx, platform, { team, slug, provider: provider ?? "", config })];
  const channel = await tx.findOneByOrFail(Channel, { tenantId, teamId: team.id, slug });
  const changes = kind === StepKind.REMOVE ? { archived: true } : { ...(provider !== undefined && { provider }), ...(config && { config }) };
  return [await changeChannel(tx, platform, { team, channel, ...changes }, now)];
}

function tenantOf(tx: EntityManager, id: string): Promise<Tenant> {
  return tx.findOneByOrFail(Tenant, { id });
}

function environmentOf(tx: EntityManager, tenantId: string, slug: string): Promise<Environment> {
  return tx.findOneByOrFail(Environment, { tenantId, slug });
}

function teamOf(tx: EntityManager, tenantId: string, slug: string): Promise<Team> {
  return tx.findOneByOrFail(Team, { tenantId, slug });
}
