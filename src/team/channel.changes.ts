/** Owns how channels change: through the change door. What is asked of one tenant's transaction is told apart, so that a bundle can ask the same. */
import { IsNull, type EntityManager } from "typeorm";
import type { Change } from "../kernel/doors.js";
import { Fault, notFound } from "../kernel/fault.js";
import { once } from "../kernel/idempotency.js";
import { insertRow } from "../kernel/insert.js";
import type { RequestContext } from "../kernel/request.js";
import { changedFields, expectVersion, given, updateRow } from "../kernel/update.js";
import type { Platform } from "../platform/platform.js";
import { Channel } from "./channel.entity.js";
import type { CreateChannelInput, CreateChannelPayload, UpdateChannelInput, UpdateChannelPayload } from "./channel.inputs.js";
import { channelReads } from "./channel.reads.js";
import { heldTeam } from "./team.changes.js";
import type { Team } from "./team.entity.js";
import { teamReads } from "./team.reads.js";
import { archivedAfter, refuseArchived, refuseTooManyChannels } from "./team.rules.js";
import { refuseUnfitSlug } from "../tenant/tenant.rules.js";

/**
 * Create a channel, or bring an archived one back under its slug, with the provider and the configuration that are given.
 *
 * Faults  NOT_FOUND for a team that there is not; BAD_USER_INPUT(slug | provider | config.<path>); CONFLICT(slug) when a channel in use
 *         has it; FAILED_PRECONDITION(teamId) when the team is archived; LIMIT_EXCEEDED; TENANT_READ_ONLY; CONFLICT(idempotencyKey).
 * Audit   `channel.create` with the team, the provider, and whether the channel was brought back; never its configuration.
 */
export async function createChannel({ reads, doors, facilities }: RequestContext, input: CreateChannelInput): Promise<CreateChannelPayload> {
  const seen = await reads(teamReads).byId.load(input.teamId);
  if (!seen) throw notFound("Team");
  return doors.within(seen.tenantId).change(
    "channel.create",
    async (tx) => {
      const team = await heldTeam(tx, seen);
      if (!team) throw notFound("Team");
      return addChannel(tx, facilities.platform, { ...input, team });
    },
    once("createChannel", input, { channel: Channel }),
  );
}

/**
 * Change a channel, put it away, or bring it back.
 *
 * Faults  NOT_FOUND; CONFLICT(expectedVersion); BAD_USER_INPUT(provider | config.<path>) when what it would then be does not fit;
 *         FAILED_PRECONDITION(id) for another change of an archived one, and to bring one back to an archived team; LIMIT_EXCEEDED when it
 *         is one too many to bring back; TENANT_READ_ONLY.
 * Audit   `channel.update` with the names of the changed fields; nothing when nothing changes.
 */
export async function updateChannel({ reads, doors, facilities, now }: RequestContext, { id, ...changes }: UpdateChannelInput): Promise<UpdateChannelPayload> {
  const seen = await reads(channelReads).byId.load(id);
  if (!seen) throw notFound("Channel");
  return doors.within(seen.tenantId).change("channel.update", async (tx) => {
    const team = await heldTeam(tx, { tenantId: seen.tenantId, id: seen.teamId });
    const channel = await tx.findOneBy(Channel, { tenantId: seen.tenantId, id: seen.id });
    if (!team || !channel) throw notFound("Channel");
    return changeChannel(tx, facilities.platform, { ...changes, team, channel }, now());
  });
}

export interface NewChannel {
  /** Held by the transaction. */
  team: Team;
  slug: string;
  provider: string;
  config?: Record<string, unknown> | undefined;
}

/** {@link createChannel} in a transaction that holds the team. */
export async function addChannel(tx: EntityManager, platform: Platform, { team, slug, provider, config = {} }: NewChannel): Promise<Change<CreateChannelPayload>> {
  refuseUnfitSlug(slug);
  refuseArchived("team", team.archivedAt, "teamId");
  platform.refuseUnfitChannelConfig(provider, config);
  const { tenantId, id: teamId } = team;
  const there = await tx.findOneBy(Channel, { tenantId, teamId, slug });
  if (there && there.archivedAt === null) throw new Fault("CONFLICT", "slug is already taken", { field: "slug" });
  const channel = there
    ? await updateRow(tx, Channel, there, { provider, config, archivedAt: null })
    : await insertRow<Channel>(tx, Channel, { tenantId, teamId, slug, provider, config });
  await refuseOneTooMany(tx, team);
  return { value: { channel }, audit: [{ ...targetOf(channel), metadata: { team: team.slug, provider, restored: there !== null } }] };
}

/** What to change of a channel of a team, which the transaction holds. */
export interface ChannelChange extends Omit<UpdateChannelInput, "id"> {
  team: Team;
  channel: Channel;
}

/** {@link updateChannel} in a transaction that holds the team. */
export async function changeChannel(tx: EntityManager, platform: Platform, { team, channel, expectedVersion, archived, ...fields }: ChannelChange, now: Date): Promise<Change<UpdateChannelPayload>> {
  expectVersion(channel, expectedVersion);
  const before = channel.archivedAt;
  const archivedAt = archivedAfter(channel, archived, now);
  const changes = { ...given(fields), archivedAt };
  const changed = changedFields(channel, changes).map((name) => (name === "archivedAt" ? "archived" : name));
  if (changed.length === 0) return { value: { channel }, unaudited: "no-op" };
  if (before) {
    refuseArchived("channel", archivedAt, "id");
    refuseArchived("team", team.archivedAt, "id");
  }
  const { provider, config } = { ...channel, ...changes };
  if (changed.includes("provider") || changed.includes("config")) platform.refuseUnfitChannelConfig(provider, config);
  await updateRow(tx, Channel, channel, changes);
  if (before) await refuseOneTooMany(tx, team);
  return { value: { channel }, audit: [{ ...targetOf(channel), metadata: { changed } }] };
}

async function refuseOneTooMany(tx: EntityManager, { tenantId, id: teamId }: Team): Promise<void> {
  refuseTooManyChannels({ inUse: await tx.countBy(Channel, { tenantId, teamId, archivedAt: IsNull() }), ever: await tx.countBy(Channel, { tenantId, teamId }) });
}

function targetOf({ id, slug }: Channel) {
  return { target: { type: "channel", id, name: slug } };
}
