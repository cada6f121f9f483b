/** Owns how environments change: created or brought back, changed, put away, placed. What is asked of one tenant's transaction is told apart, so that a bundle can ask the same. */
import { IsNull, type EntityManager } from "typeorm";
import type { Change } from "../kernel/doors.js";
import { Fault, notFound } from "../kernel/fault.js";
import { once } from "../kernel/idempotency.js";
import { insertRow } from "../kernel/insert.js";
import type { RequestContext } from "../kernel/request.js";
import { changedFields, expectVersion, given, updateRow } from "../kernel/update.js";
import type { Platform } from "../platform/platform.js";
import type { SettingsInput } from "../settings/settings.js";
import { settingsAfter, settingsFrom } from "../settings/settings.rules.js";
import { Environment } from "./environment.entity.js";
import type { CreateEnvironmentInput, PlaceEnvironmentInput, UpdateEnvironmentInput } from "./environment.inputs.js";
import { placeRow, presentCluster, slugOfTenant } from "./environment.placing.js";
import { environmentReads } from "./environment.reads.js";
import { knownCluster, refuseArchived, refuseTooMany, standardCluster } from "./environment.rules.js";
import { refuseUnfitSlug } from "../tenant/tenant.rules.js";

type Payload = { environment: Environment };

/** By what a change in a tenant's transaction goes besides the transaction itself. */
export interface PlacedBy {
  platform: Platform;
  now: Date;
}

/**
 * Give a tenant an environment, or bring one back that was put away.
 *
 * Faults  BAD_USER_INPUT(slug | cluster | settings.<key>); CONFLICT(slug) when one in use has it; LIMIT_EXCEEDED; TENANT_READ_ONLY;
 *         NOT_FOUND for a tenant that there is not; CONFLICT(idempotencyKey) when the key was used for another one.
 * Audit   `environment.create` with the cluster, and whether it was brought back.
 */
export function createEnvironment({ doors, facilities: { platform }, now }: RequestContext, input: CreateEnvironmentInput): Promise<Payload> {
  const { slug, name, cluster, settings } = input;
  refuseUnfitSlug(slug);
  const home = doors.within(input.tenantId);
  const { tenantId } = home;
  return home.change(
    "environment.create",
    (tx) => addEnvironment(tx, { platform, now: now() }, { tenantId, slug, name, cluster, settings }),
    once("createEnvironment", input, { environment: Environment }),
  );
}

/**
 * Change what an environment is called and says for itself, put it away or bring it back. A change to what already is changes nothing.
 *
 * Faults  NOT_FOUND; CONFLICT(expectedVersion); BAD_USER_INPUT(settings.<key>); FAILED_PRECONDITION(id) when it is archived and stays so;
 *         LIMIT_EXCEEDED when it would be one too many in use; TENANT_READ_ONLY.
 * Audit   `environment.update` with the names of what changed.
 */
export function updateEnvironment(context: RequestContext, { id, expectedVersion, ...changes }: UpdateEnvironmentInput): Promise<Payload> {
  // In the order in which a creation takes them: the two cannot wait for each other.
  const turn = changes.archived === false ? inTurn : undefined;
  return changeOne(context, "environment.update", { id, expectedVersion }, (tx, environment) => changeEnvironment(tx, environment, changes, context.now()), turn);
}

/**
 * Let an environment run on another cluster. Where it already runs, nothing changes.
 *
 * Faults  NOT_FOUND; CONFLICT(expectedVersion); BAD_USER_INPUT(cluster) when there is none of that name for its tenant, in the same words
 *         whether it is another tenant's; FAILED_PRECONDITION(id) when it is archived; TENANT_READ_ONLY.
 * Audit   `environment.place` with the clusters before and after.
 */
export function placeEnvironment(context: RequestContext, { cluster, ...which }: PlaceEnvironmentInput): Promise<Payload> {
  const { facilities: { platform }, now } = context;
  return changeOne(context, "environment.place", which, (tx, environment) => moveEnvironment(tx, { platform, now: now() }, environment, cluster));
}

export interface NewEnvironment {
  tenantId: string;
  /** Fits {@link refuseUnfitSlug}. */
  slug: string;
  name: string;
  cluster?: string | null | undefined;
  settings?: SettingsInput | null | undefined;
}

/** {@link createEnvironment} in a transaction of the tenant. */
export async function addEnvironment(tx: EntityManager, { platform, now }: PlacedBy, { tenantId, slug, name, cluster: asked, settings: said }: NewEnvironment): Promise<Change<Payload>> {
  const settings = settingsFrom(said);
  const wanted = asked == null ? null : knownCluster(platform, await slugOfTenant(tx, tenantId), asked).slug;
  await inTurn(tx, tenantId);
  const there = await tx.findOne(Environment, { where: { tenantId, slug }, lock: { mode: "for_no_key_update" } });
  if (there && there.archivedAt === null) throw new Fault("CONFLICT", "slug is already taken", { field: "slug" });
  const environment = there
    ? await updateRow(tx, Environment, there, { name, settings, archivedAt: null })
    : await insertRow<Environment>(tx, Environment, { tenantId, slug, name, settings });
  await refuseMany(tx, tenantId);
  // One that is brought back, and that nobody wants elsewhere, stays where its data is.
  const cluster = wanted ?? (there && (await presentCluster(tx, there))) ?? standardCluster(platform).slug;
  await placeRow(tx, environment, cluster, now);
  return { value: { environment }, audit: [{ ...targetOf(environment), metadata: { slug, cluster, restored: there !== null } }] };
}

export type EnvironmentChanges = Pick<UpdateEnvironmentInput, "name" | "settings" | "archived">;

/** {@link updateEnvironment} in a transaction that holds the environment and, to bring it back, those who add environments. */
export async function changeEnvironment(tx: EntityManager, environment: Environment, { name, settings, archived }: EnvironmentChanges, now: Date): Promise<Change<Payload>> {
  const wasArchived = environment.archivedAt !== null;
  const isArchived = archived ?? wasArchived;
  const changes = given({ name, ...(settings && { settings: settingsAfter(environment.settings, settings) }) });
  const changed = changedFields(environment, changes);
  if (wasArchived && isArchived && (archived === undefined || changed.length > 0)) refuseArchived(environment);
  if (isArchived !== wasArchived) changed.push("archived");
  if (changed.length === 0) return { value: { environment }, unaudited: "no-op" };
  await updateRow(tx, Environment, environment, { ...changes, ...(isArchived !== wasArchived && { archivedAt: isArchived ? now : null }) });
  if (wasArchived && !isArchived) await refuseMany(tx, environment.tenantId);
  return { value: { environment }, audit: [{ ...targetOf(environment), metadata: { changed: changed.sort() } }] };
}

/** {@link placeEnvironment} in a transaction that holds the environment. */
export async function moveEnvironment(tx: EntityManager, { platform, now }: PlacedBy, environment: Environment, asked: string): Promise<Change<Payload>> {
  refuseArchived(environment);
  const { slug: to } = knownCluster(platform, await slugOfTenant(tx, environment.tenantId), asked);
  const from = await placeRow(tx, environment, to, now);
  if (from === to) return { value: { environment }, unaudited: "no-op" };
  // Of its own row nothing changes but the version: whoever saw it elsewhere has not seen this.
  await updateRow(tx, Environment, environment, {});
  return { value: { environment }, audit: [{ ...targetOf(environment), metadata: { from, to } }] };
}

/** Find the environment as the caller sees it, narrow to its tenant, lock it there, after whatever goes `before` it, and only then change it. */
async function changeOne(
  { reads, doors }: RequestContext,
  action: "environment.update" | "environment.place",
  { id, expectedVersion }: { id: string; expectedVersion?: number | null | undefined },
  work: (tx: EntityManager, environment: Environment) => Promise<Change<Payload>>,
  before?: (tx: EntityManager, tenantId: string) => Promise<void>,
): Promise<Payload> {
  const seen = await reads(environmentReads).byId.load(id);
  if (!seen) throw notFound("Environment");
  return doors.within(seen.tenantId).change(action, async (tx) => {
    await before?.(tx, seen.tenantId);
    const environment = await heldEnvironment(tx, seen);
    if (!environment) throw notFound("Environment");
    expectVersion(environment, expectedVersion);
    return work(tx, environment);
  });
}

/** The environment, so that nobody else changes or places it until the end of the transaction. */
export function heldEnvironment(tx: EntityManager, { id, tenantId }: Pick<Environment, "id" | "tenantId">): Promise<Environment | null> {
  return tx.findOne(Environment, { where: { id, tenantId }, lock: { mode: "for_no_key_update" } });
}

/** Those who give one tenant environments wait for each other: nobody sees what others are about to add, and together they would step over the limit. */
async function inTurn(tx: EntityManager, tenantId: string): Promise<void> {
  await tx.query("select pg_advisory_xact_lock(hashtextextended('tenant_environments ' || $1, 0))", [tenantId]);
}

async function refuseMany(tx: EntityManager, tenantId: string): Promise<void> {
  refuseTooMany({ inUse: await tx.countBy(Environment, { tenantId, archivedAt: IsNull() }), ever: await tx.countBy(Environment, { tenantId }) });
}

function targetOf({ id, slug }: Environment) {
  return { target: { type: "environment", id, name: slug } };
}
