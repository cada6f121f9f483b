/** Owns how a filter of audit events becomes conditions, so that each is found along an index where there is one for it. */
import sql, { join, raw, type Sql } from "sql-template-tag";
import { lookupIdOf } from "../api-key/api-key.format.js";
import { isUuid } from "../kernel/id.js";
import { containing, startingWith } from "../kernel/pattern.js";
import type { EventNarrowing } from "../kernel/principal.js";
import { AuditCrud } from "./audit-event.entity.js";
import type { AuditEventFilter } from "./audit-event.inputs.js";

/** Rows of the log, alias `a`, that all of this filter holds for. */
export function conditionsOf(filter: AuditEventFilter): Sql[] {
  return [...ofWhatWasDone(filter), ...ofWhoAndWhat(filter), ...ofTexts(filter), ...ofTimes(filter)];
}

/** Beside every filter: what a narrowed caller may see at all. */
export function narrowing({ actorId, targetId, product }: EventNarrowing): Sql[] {
  const where: Sql[] = [];
  if (actorId !== undefined) where.push(sql`a.actor_id = ${actorId}`);
  if (targetId !== undefined) where.push(sql`a.target_id = ${targetId}`);
  if (product !== undefined) where.push(sql`a.product = ${product} and a.writer is not null`);
  // Narrowed to nothing is no way to see everything.
  return where.length > 0 ? where : [sql`false`];
}

/** Failures and deletions are rare and have an index each, which is used where the statement itself says so, and not a value of it. */
function ofWhatWasDone({ action, crud, cruds, isFailure }: AuditEventFilter): Sql[] {
  const where: Sql[] = [];
  if (action != null) where.push(ofAction(action));
  if (crud != null) where.push(ofCruds([crud]));
  if (cruds !== undefined) where.push(ofCruds(cruds));
  if (isFailure != null) where.push(isFailure ? sql`a.is_failure` : sql`not a.is_failure`);
  return where;
}

/** The beginning of an action, or null for a whole one. */
export function beginningOf(action: string | null | undefined): string | null {
  return action?.endsWith("*") ? action.slice(0, -1) : null;
}

function ofAction(action: string): Sql {
  const beginning = beginningOf(action);
  // The index is in the byte order.
  return beginning === null ? sql`${raw('a.action collate "C"')} = ${action}` : sql`a.action like ${startingWith(beginning)}`;
}

function ofCruds(cruds: readonly AuditCrud[]): Sql {
  return cruds.length === 1 && cruds[0] === AuditCrud.DELETE ? sql`a.crud = 'd'` : sql`a.crud = any(${cruds}::text[])`;
}

function ofWhoAndWhat(filter: AuditEventFilter): Sql[] {
  const where: Sql[] = [];
  if (filter.actorId != null) where.push(sql`a.actor_id = ${filter.actorId}`);
  if (filter.targetType != null) where.push(sql`a.target_type = ${filter.targetType}`);
  if (filter.targetId != null) where.push(sql`a.target_id = ${filter.targetId}`);
  if (filter.product != null) where.push(sql`a.product = ${filter.product}`);
  if (filter.apiKey != null) where.push(concerning(filter.apiKey));
  if (filter.projectId != null) where.push(isUuid(filter.projectId) ? sql`a.project_id = ${filter.projectId}::uuid` : sql`false`);
  if (filter.requestId != null) where.push(sql`a.request_id = ${filter.requestId}`);
  if (filter.externalId != null) where.push(called(filter.externalId));
  return where;
}

/** The log has no index of what products call events: that is the table by which they are recorded once. */
function called(externalId: string): Sql {
  return sql`(a.external_id = ${externalId} and a.uid = any(array(select x.event_id from audit_external_ids x where x.external_id = ${externalId})))`;
}

function ofTexts({ text, texts = [], actorName, targetName }: AuditEventFilter): Sql[] {
  const where = (text == null ? texts : [text, ...texts]).map((one) => sql`a.description ilike ${containing(one)}`);
  if (actorName !== undefined) where.push(sql`a.actor_name ilike ${containing(actorName)}`);
  if (targetName !== undefined) where.push(sql`a.target_name ilike ${containing(targetName)}`);
  return where;
}

/**
 * When an event was received is known of those that came since that is told apart; the others were when they happened. The log is kept by
 * when events happened, which is no more than the row policy `in_time` allows away from when they are received.
 */
export function ofTimes({ from, until, receivedFrom, receivedUntil }: AuditEventFilter): Sql[] {
  const where: Sql[] = [];
  if (from != null) where.push(sql`a.created_at >= ${from}`);
  if (until != null) where.push(sql`a.created_at < ${until}`);
  if (receivedFrom !== undefined) where.push(sql`coalesce(a.received_at, a.created_at) >= ${receivedFrom}`, sql`a.created_at >= ${receivedFrom}::timestamptz - interval '8 days'`);
  if (receivedUntil !== undefined) where.push(sql`coalesce(a.received_at, a.created_at) < ${receivedUntil}`, sql`a.created_at < ${receivedUntil}::timestamptz + interval '1 hour'`);
  return where;
}

/** What the registry's own keys and imported ones are found by, in a text that is nothing but that. */
const LOOKUP_ID = /^(?:[0-9A-Za-z]{12}|~[0-9a-f]{16,64})$/;

/**
 * Events of the key that an id, a look-up id or the whole key names; of a whole key that looks like neither the statement gets to see no
 * more than the look-up id. That is in every event of what was done to a key, so these are found also when its row has been erased.
 * Products name a key as the actor by its id.
 */
function concerning(apiKey: string): Sql {
  const ids = isUuid(apiKey) ? [named(sql`${apiKey.toLowerCase()}`)] : [];
  // Another service's key may look like an id of ours.
  const lookupIds = [LOOKUP_ID.test(apiKey) ? apiKey : null, lookupIdOf(apiKey, true)].filter((lookupId) => lookupId !== null);
  return sql`(${join([...ids, ...lookupIds.map(foundBy), sql`false`], " or ")})`;
}

function foundBy(lookupId: string): Sql {
  return sql`a.metadata->>'lookup_id' = ${lookupId} or ${named(sql`any(select k.id::text from api_keys k where k.lookup_id = ${lookupId})`)}`;
}

/** Rotations name the key that another took the place of. */
function named(id: Sql): Sql {
  return sql`(a.target_type = 'api_key' and a.target_id = ${id}) or (a.actor_type = 'api_key' and a.actor_id = ${id}) or a.metadata->>'rotated_from' = ${id}`;
}
