/** Owns what an event looks like in Retraced's words, and what it is in ours. What it must be like besides is the rules' of all appended events. */
import { GraphQLDateTime } from "graphql-scalars";
import type { AuditActorInput, AuditEventInput, AuditTargetInput } from "../audit-event/audit-event.append.inputs.js";
import { violationsOf } from "../audit-event/audit-event.append.rules.js";
import type { Violation } from "../kernel/fault.js";

export interface RetracedEvent {
  event: AuditEventInput;
  /** What it calls its tenant, as it was sent: the hash is of that. */
  group: string | null;
}

export interface ReadEvents {
  events: RetracedEvent[];
  violations: Violation[];
}

const EVENT = [
  "action", "crud", "group", "actor", "target", "created", "source_ip", "description", "is_failure", "is_anonymous", "fields", "metadata",
  "component", "version", "external_id",
] as const;
const GROUP = ["id", "name"] as const;
const ACTOR = ["id", "name", "href", "fields"] as const;
const TARGET = ["id", "name", "href", "type", "fields"] as const;

type Members<Name extends string> = Partial<Record<Name, unknown>>;
type Told = (field: string | null, message: string) => void;

/** All of them, with everything that is wrong with any: each has the members that it should have, as far as they could be read. */
export function eventsFrom(given: readonly unknown[], now: Date): ReadEvents {
  const violations: Violation[] = [];
  const told = new Set<string>();
  const tellOf = (index: number): Told => (field, message) => {
    violations.push({ index, field, message: `${field ?? "the event"} ${message}` });
    told.add(`${index} ${field}`);
  };
  const events = given.map((one, index) => eventFrom(one, tellOf(index)));
  for (const { index, field, message } of violationsOf(events.map(({ event }) => event), now)) {
    const theirs = field === null ? null : theirName(field);
    if (!told.has(`${index} ${theirs}`)) violations.push({ index, field: theirs, message: theirs === null ? message : message.replace(field as string, theirs) });
  }
  return { events, violations: violations.sort((a, b) => a.index - b.index) };
}

function eventFrom(given: unknown, tell: Told): RetracedEvent {
  const members = membersOf(given, EVENT, null, tell) ?? {};
  const group = partOf(members.group, GROUP, "group", tell);
  if (group) textIn(group.name, "group.name", tell);
  const groupId = group && textIn(group.id, "group.id", tell);
  if (group && groupId === undefined) tell("group.id", "must be there");
  const event = {
    // What may be missing or of another type is for the rules to tell.
    action: members.action as string,
    crud: members.crud as AuditEventInput["crud"],
    actor: actorFrom(members.actor, tell),
    target: targetFrom(members.target, tell),
    created: timeIn(members.created, tell),
    sourceIp: textIn(members.source_ip, "source_ip", tell),
    description: textIn(members.description, "description", tell),
    isFailure: truthIn(members.is_failure, "is_failure", tell),
    isAnonymous: truthIn(members.is_anonymous, "is_anonymous", tell),
    fields: members.fields as AuditEventInput["fields"],
    metadata: members.metadata as AuditEventInput["metadata"],
    component: textIn(members.component, "component", tell),
    version: textIn(members.version, "version", tell),
    externalId: textIn(members.external_id, "external_id", tell),
  };
  return { event, group: groupId ?? null };
}

function actorFrom(given: unknown, tell: Told): AuditActorInput | undefined {
  const actor = partOf(given, ACTOR, "actor", tell);
  return actor && { id: textIn(actor.id, "actor.id", tell) as string, ...partyFrom(actor, "actor", tell) };
}

function targetFrom(given: unknown, tell: Told): AuditTargetInput | undefined {
  const target = partOf(given, TARGET, "target", tell);
  return target && { id: textIn(target.id, "target.id", tell), type: textIn(target.type, "target.type", tell), ...partyFrom(target, "target", tell) };
}

function partyFrom({ name, href, fields }: Members<"name" | "href" | "fields">, party: string, tell: Told) {
  return { name: textIn(name, `${party}.name`, tell), href: textIn(href, `${party}.href`, tell), fields: fields as AuditActorInput["fields"] };
}

/** An object inside an event; one without members is none, as for Retraced's clients. */
function partOf<Name extends string>(given: unknown, names: readonly Name[], place: string, tell: Told): Members<Name> | undefined {
  const part = given == null ? undefined : membersOf(given, names, place, tell);
  return part && Object.keys(part).length > 0 ? part : undefined;
}

/** Undefined, and told, when it is no object. What it has besides is told and left out. */
function membersOf<Name extends string>(given: unknown, names: readonly Name[], place: string | null, tell: Told): Members<Name> | undefined {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return void tell(place, "must be an object");
  const strange = Object.keys(given).filter((name) => !(names as readonly string[]).includes(name));
  if (strange.length > 0) tell(place, `must have no members but ${names.join(", ")}`);
  return Object.fromEntries(Object.entries(given).filter(([name]) => (names as readonly string[]).includes(name))) as Members<Name>;
}

/** An empty text says nothing, also to Retraced's hash. */
function textIn(value: unknown, field: string, tell: Told): string | undefined {
  if (value == null || value === "") return undefined;
  return typeof value === "string" ? value : void tell(field, "must be a text");
}

function truthIn(value: unknown, field: string, tell: Told): boolean | undefined {
  if (value == null) return undefined;
  return typeof value === "boolean" ? value : void tell(field, "must be true or false");
}

function timeIn(value: unknown, tell: Told): Date | undefined {
  if (value == null) return undefined;
  try {
    if (typeof value === "string") return GraphQLDateTime.parseValue(value);
  } catch {
    // Told below, without the scalar's own words, which quote the sender.
  }
  return void tell("created", "must be a time of ISO 8601 with its zone");
}

/** `sourceIp` is called `source_ip` there. */
function theirName(field: string): string {
  return field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
