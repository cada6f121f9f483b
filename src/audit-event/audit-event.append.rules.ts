/** Owns what an event must be like that a product appends. No I/O: that a project is the tenant's is asked elsewhere. */
import { isIP } from "node:net";
import type { Violation } from "../kernel/fault.js";
import { isUuid } from "../kernel/id.js";
import { isWellFormed } from "../kernel/validation.js";
import type { AuditActorInput, AuditEventInput, AuditTargetInput } from "./audit-event.append.inputs.js";
import { LIMITS, MAX_AGE_DAYS, MAX_AHEAD_MINUTES, MAX_FIELD_NAME, MAX_FIELDS } from "./audit-event.append.limits.js";
import { contentDigest } from "./audit-event.content.js";
import { AuditCrud } from "./audit-event.entity.js";

/** `noun.verb` by custom; products that come from Retraced write it in camel case. */
const ACTION = /^[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)+$/i;
/** What is done about the log itself must have been done here. */
const OURS = /^audit\./i;

const CRUDS: readonly string[] = Object.values(AuditCrud);
const [MINUTE_MS, DAY_MS] = [60_000, 86_400_000];

type Told = (field: string, message: string) => void;

/** Everything that is wrong with any of them, in their order. Messages name members and rules, and repeat no value. */
export function violationsOf(events: readonly AuditEventInput[], now: Date): Violation[] {
  const violations: Violation[] = [];
  const digests = new Map<string, string>();
  events.forEach((event, index) => {
    const before = violations.length;
    const tell: Told = (field, message) => violations.push({ index, field, message: `${field} ${message}` });
    ofWhatWasDone(event, tell);
    ofWhoAndWhat(event, tell);
    ofTexts(event, tell);
    ofTime(event.created, now, tell);
    fieldsRule(event.fields, "fields", tell);
    fieldsRule(event.metadata, "metadata", tell);
    // Only of what is well-formed can be said whether it is the same.
    if (violations.length === before) ofRepetition(event, digests, tell);
  });
  return violations;
}

function ofWhatWasDone({ action, crud, projectId }: AuditEventInput, tell: Told): void {
  if (typeof action !== "string" || action.length > LIMITS.action || !ACTION.test(action)) {
    tell("action", `must be like noun.verb: letters, digits and _, in two or more parts with a dot between them, up to ${LIMITS.action} characters`);
  } else if (OURS.test(action)) {
    tell("action", "must not begin with audit., which says what the registry itself did");
  }
  if (!CRUDS.includes(crud)) tell("crud", "must be one of c, r, u and d");
  if (projectId != null && !isUuid(projectId)) tell("projectId", NO_PROJECT);
}

/** Whether there is one of that id that is somebody else's is nobody's business. */
export const NO_PROJECT = "must be the id of a project of the tenant";

function ofWhoAndWhat({ actor, target, isAnonymous }: AuditEventInput, tell: Told): void {
  if (actor == null && isAnonymous !== true) tell("actor", "must be there, unless the event is anonymous");
  if (actor != null && isAnonymous === true) tell("actor", "must not be there when the event is anonymous");
  if (actor != null) {
    if (actor.id == null) tell("actor.id", "must be there");
    partyRules(actor, "actor", LIMITS.text, tell);
  }
  if (target != null) partyRules(target, "target", LIMITS.targetType, tell);
}

function partyRules({ id, name, type, href, fields }: AuditActorInput | AuditTargetInput, party: string, typeLimit: number, tell: Told): void {
  textRule(id, `${party}.id`, LIMITS.text, tell);
  textRule(name, `${party}.name`, LIMITS.text, tell);
  textRule(type, `${party}.type`, typeLimit, tell);
  textRule(href, `${party}.href`, LIMITS.href, tell);
  fieldsRule(fields, `${party}.fields`, tell);
}

function ofTexts({ sourceIp, userAgent, description, component, version, externalId, requestId, isFailure, isAnonymous }: AuditEventInput, tell: Told): void {
  // What an address is called on one machine says nothing on another, and Postgres does not know such names.
  if (sourceIp != null && (typeof sourceIp !== "string" || isIP(sourceIp) === 0 || sourceIp.includes("%"))) tell("sourceIp", "must be an address of IPv4 or IPv6");
  textRule(userAgent, "userAgent", LIMITS.userAgent, tell);
  textRule(description, "description", LIMITS.description, tell);
  textRule(component, "component", LIMITS.text, tell);
  textRule(version, "version", LIMITS.text, tell);
  textRule(externalId, "externalId", LIMITS.text, tell);
  textRule(requestId, "requestId", LIMITS.requestId, tell);
  if (isFailure != null && typeof isFailure !== "boolean") tell("isFailure", "must be true or false");
  if (isAnonymous != null && typeof isAnonymous !== "boolean") tell("isAnonymous", "must be true or false");
}

function ofTime(created: Date | null | undefined, now: Date, tell: Told): void {
  if (created == null) return;
  const ahead = created instanceof Date ? created.getTime() - now.getTime() : Number.NaN;
  if (Number.isNaN(ahead)) tell("created", "must be a time");
  else if (ahead > MAX_AHEAD_MINUTES * MINUTE_MS) tell("created", `must be at most ${MAX_AHEAD_MINUTES} minutes ahead`);
  else if (ahead < -MAX_AGE_DAYS * DAY_MS) tell("created", `must be at most ${MAX_AGE_DAYS} days ago`);
}

function textRule(value: unknown, field: string, longest: number, tell: Told): void {
  if (value == null) return;
  if (typeof value !== "string" || value === "" || value.length > longest) tell(field, `must be a text of 1 to ${longest} characters`);
  else if (!isWellFormed(value)) tell(field, "must be well-formed text");
}

function fieldsRule(fields: unknown, field: string, tell: Told): void {
  if (fields == null) return;
  if (typeof fields !== "object" || Array.isArray(fields)) return tell(field, "must be an object of texts");
  const entries = Object.entries(fields);
  if (entries.length > MAX_FIELDS) return tell(field, `must have at most ${MAX_FIELDS} members`);
  if (entries.some(([name]) => name === "" || name.length > MAX_FIELD_NAME || !isWellFormed(name))) {
    tell(field, `must have names of 1 to ${MAX_FIELD_NAME} characters of well-formed text`);
  }
  if (entries.some(([, value]) => typeof value !== "string" || value.length > LIMITS.fieldText || !isWellFormed(value))) {
    tell(field, `must have well-formed texts of up to ${LIMITS.fieldText} characters as values`);
  }
}

function ofRepetition(event: AuditEventInput, digests: Map<string, string>, tell: Told): void {
  if (event.externalId == null) return;
  const digest = contentDigest(event).toString("hex");
  const first = digests.get(event.externalId) ?? digest;
  digests.set(event.externalId, first);
  if (first !== digest) tell("externalId", "is that of another event of the same request, which says something else");
}
