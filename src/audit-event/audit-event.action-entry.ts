/** Owns what the registry says of each action that it records itself, and the words in which the details of one are described. */
import type { AuditCrud } from "./audit-event.entity.js";

export interface ActionEntry {
  readonly crud: AuditCrud;
  /** What happened, in a sentence. */
  readonly description: string;
  /** Whether events with it tell of something that did not succeed. */
  readonly isFailure: boolean;
  /** JSON Schema of its events' metadata. */
  readonly metadata: DetailsSchema;
}

type Word = Readonly<Record<string, unknown>>;
type Words = Readonly<Record<string, Word>>;

export interface DetailsSchema extends Word {
  readonly type: "object";
  readonly properties: Words;
  readonly required: readonly string[];
  readonly additionalProperties: false;
}

export const TEXT = { type: "string" } as const;
export const COUNT = { type: "integer", minimum: 0 } as const;
export const YES_OR_NO = { type: "boolean" } as const;
export const TIME = { type: "string", format: "date-time" } as const;
export const TEXTS = { type: "array", items: TEXT } as const;
/** How many of each kind. */
export const COUNTS = { type: "object", additionalProperties: COUNT } as const;

export function orNull<T extends { readonly type: string }>(word: T) {
  return { ...word, type: [word.type, "null"] } as const;
}

/** An object with these members, and with none that is not named. */
export function object(required: Words, optional: Words = {}): Word {
  return { type: "object", properties: { ...required, ...optional }, required: Object.keys(required), additionalProperties: false };
}

/** Whatever was done: by which roles, when it was somebody of the platform's staff. */
const BY_STAFF = { actor_role: TEXT };

/** Of every event of an action these, and of some also those. */
export function details(always: Words = {}, sometimes: Words = {}): DetailsSchema {
  return { type: "object", properties: { ...always, ...sometimes, ...BY_STAFF }, required: Object.keys(always), additionalProperties: false };
}

export function entry(crud: AuditCrud, description: string, metadata: DetailsSchema = details()): ActionEntry {
  return { crud, description, isFailure: false, metadata };
}
