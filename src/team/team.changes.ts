/** Owns how teams change: through the change door. What is asked of one tenant's transaction is told apart, so that a bundle can ask the same. */
import { IsNull, type EntityManager } from "typeorm";
import type { Change, Doors } from "../kernel/doors.js";
import { Fault, notFound } from "../kernel/fault.js";
import { once } from "../kernel/idempotency.js";
import { insertRow } from "../kernel/insert.js";
import type { RequestContext } from "../kernel/request.js";
import { changedFields, expectVersion, given, updateRow } from "../kernel/update.js";
import type { SettingsInput } from "../settings/settings.js";
import { settingsAfter, settingsFrom } from "../settings/settings.rules.js";
import { Team } from "./team.entity.js";
import type { CreateTeamInput, CreateTeamPayload, UpdateTeamInput, UpdateTeamPayload } from "./team.inputs.js";
import { teamReads } from "./team.reads.js";
import { archivedAfter, refuseArchived, refuseTooManyTeams } from "./team.rules.js";
import { refuseUnfitSlug } from "../tenant/tenant.rules.js";

/**
 * Create a team, or bring an archived one back under its slug, with the name and the settings that are given, and without channels.
 *
 * Faults  BAD_USER_INPUT(slug | settings.<key>); CONFLICT(slug) when a team in use has it; LIMIT_EXCEEDED; TENANT_READ_ONLY;
 *         NOT_FOUND for a tenant that is not the caller's; CONFLICT(idempotencyKey) when the key was used for another team.
 * Audit   `team.create` with the slug, and whether the team was brought back.
 */
export function createTeam(doors: Doors, input: CreateTeamInput): Promise<CreateTeamPayload> {
  const home = doors.within(input.tenantId);
  return home.change("team.create", (tx) => addTeam(tx, { ...input, tenantId: home.tenantId }), once("createTeam", input, { team: Team }));
}

/**
 * Change a team, put it away, or bring it back. The channels that it has in use go and come with it.
 *
 * Faults  NOT_FOUND; CONFLICT(expectedVersion); BAD_USER_INPUT(settings.<key>); LIMIT_EXCEEDED when it is one too many to bring back;
 *         FAILED_PRECONDITION(id) for another change of an archived one; TENANT_READ_ONLY.
 * Audit   `team.update` with the names of the changed fields, and the slugs of the channels that went or came with it; nothing when nothing changes.
 */
export async function updateTeam({ reads, doors, now }: RequestContext, { id, ...changes }: UpdateTeamInput): Promise<UpdateTeamPayload> {
  const seen = await reads(teamReads).byId.load(id);
  if (!seen) throw notFound("Team");
  return doors.within(seen.tenantId).change("team.update", async (tx) => {
    // In the order in which a creation takes them: the two cannot wait for each other.
    if (changes.archived === false) await oneAfterTheOther(tx, seen.tenantId);
    const team = await heldTeam(tx, seen);
    if (!team) throw notFound("Team");
    return changeTeam(tx, team, changes, now());
  });
}

export interface NewTeam {
  tenantId: string;
  slug: string;
  name: string;
  settings?: SettingsInput | null;
}

/** {@link createTeam} in a transaction of the tenant. */
export async function addTeam(tx: EntityManager, { tenantId, slug, name, settings: given }: NewTeam): Promise<Change<CreateTeamPayload>> {
  refuseUnfitSlug(slug);
  const settings = settingsFrom(given);
  await oneAfterTheOther(tx, tenantId);
  const there = await tx.findOneBy(Team, { tenantId, slug });
  if (there && there.archivedAt === null) throw new Fault("CONFLICT", "slug is already taken", { field: "slug" });
  const team = there
    ? await updateRow(tx, Team, there, { name, settings, archivedAt: null })
    : await insertRow<Team>(tx, Team, { tenantId, slug, name, settings });
  await refuseOneTooMany(tx, tenantId);
  return { value: { team }, audit: [{ ...targetOf(team), metadata: { slug, restored: there !== null } }] };
}

/** {@link updateTeam} in a transaction that holds the team and, to bring it back, those who add teams. */
export async function changeTeam(tx: EntityManager, team: Team, { expectedVersion, archived, settings, ...fields }: Omit<UpdateTeamInput, "id">, now: Date): Promise<Change<UpdateTeamPayload>> {
  expectVersion(team, expectedVersion);
  const before = team.archivedAt;
  const archivedAt = archivedAfter(team, archived, now);
  const changes = { ...given(fields), ...(settings && { settings: settingsAfter(team.settings, settings) }), archivedAt };
  const changed = changedFields(team, changes).map((name) => (name === "archivedAt" ? "archived" : name));
  if (changed.length === 0) return { value: { team }, unaudited: "no-op" };
  if (before) refuseArchived("team", archivedAt, "id");
  await updateRow(tx, Team, team, changes);
  const channels = await moveChannels(tx, team, before);
  if (before && !archivedAt) await refuseOneTooMany(tx, team.tenantId);
  return { value: { team }, audit: [{ ...targetOf(team), metadata: { changed, ...(channels.length > 0 && { channels }) } }] };
}

/**
 * Of a team that was archived at `before`, or not: put away the channels that it has in use, or bring back those that were put away with
 * it, that is in the same moment. Answers their slugs.
 */
async function moveChannels(tx: EntityManager, { tenantId, id, archivedAt }: Team, before: Date | null): Promise<string[]> {
  if ((before === null) === (archivedAt === null)) return [];
  const change = archivedAt ? "archived_at = $3 where archived_at is null" : "archived_at = null where archived_at = $3";
  const set = `update team_channels set version = version + 1, ${change} and tenant_id = $1 and team_id = $2 returning slug`;
  // Typed as what TypeORM answers for an update: the rows, and how many.
  const [rows] = await tx.query<[{ slug: string }[], number]>(set, [tenantId, id, archivedAt ?? before]);
  return rows.map(({ slug }) => slug).sort();
}

/** The team, so that nobody else changes it or its channels until the end of the transaction. */
export function heldTeam(tx: EntityManager, { tenantId, id }: Pick<Team, "tenantId" | "id">): Promise<Team | null> {
  return tx.findOne(Team, { where: { tenantId, id }, lock: { mode: "for_no_key_update" } });
}

/** Those who add teams to one tenant wait for each other: nobody sees what others are about to add, and together they would step over the limit. */
async function oneAfterTheOther(tx: EntityManager, tenantId: string): Promise<void> {
  await tx.query("select pg_advisory_xact_lock(hashtextextended('tenant_teams ' || $1, 0))", [tenantId]);
}

async function refuseOneTooMany(tx: EntityManager, tenantId: string): Promise<void> {
  refuseTooManyTeams({ inUse: await tx.countBy(Team, { tenantId, archivedAt: IsNull() }), ever: await tx.countBy(Team, { tenantId }) });
}

function targetOf({ id, slug }: Team) {
  return { target: { type: "team", id, name: slug } };
}
