/**
 * Owns what happens when the same creation is asked for twice under one key: it has one effect, and every repetition gets the first
 * answer. The change door calls it; a feature only says `once(…)`.
 */
import { createHash } from "node:crypto";
import type { EntityManager } from "typeorm";
import { canonicalJson } from "./canonical-json.js";
import { reviverOf } from "./columns.js";
import type { ChangeScope } from "./doors.js";
import { Fault } from "./fault.js";
import type { Principal } from "./principal.js";

/** A key is kept at least so long; afterwards it is as if it had never been used. */
export const KEEP_KEYS_DAYS = 30;

/** One creation under its caller's key; `Member` are the names of the payload's members. */
export interface Once<Member extends string> {
  readonly operation: string;
  readonly key: string;
  /** Of the input without the key, so that one key cannot mean two things. */
  readonly inputHash: string;
  readonly payload: Readonly<Record<Member, Function>>;
}

/**
 * The third argument of `home.change` in a creation: under the caller's key its work is done once, and its payload is answered again
 * to whoever repeats it. Undefined when the caller gave no key, and then nothing is remembered.
 *
 * `payload` names every member of the payload and what it is: an entity's class, `Date`, or `String`, `Boolean`, `Object` and the
 * like for what JSON leaves as it is; a list is named by what is in it. The payload is kept in the database, so it must hold no
 * secret. Whatever may be refused at one time and not at another (a deadline, a state) is asked inside the work: a repetition is not
 * asked it again.
 *
 * @example home.change("project.create", work, once("createProject", input, { project: Project }))
 */
export function once<Member extends string>(
  operation: string,
  { idempotencyKey, ...input }: { readonly idempotencyKey?: string | null },
  payload: Readonly<Record<Member, Function>>,
): Once<Member> | undefined {
  if (idempotencyKey == null) return undefined;
  return { operation, key: idempotencyKey, inputHash: sha256(canonicalJson(input) ?? "").toString("hex"), payload };
}

/**
 * The id of what one caller creates under one key, for a row that is its own scope: a tenant's keys are kept in the tenant, so the
 * second request must find the same tenant before it has read anything.
 *
 * Shape   UUID of version 8 (RFC 9562 §5.8): 122 bits of SHA-256 over caller, operation and key.
 */
export function idUnder({ operation, key }: Once<string>, principal: Principal): string {
  const bytes = sha256(JSON.stringify(["tenant-registry", nameOf(principal), operation, key])).subarray(0, 16);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The fault of a key that already means something else. */
export function usedForAnother(what: string): Fault {
  return new Fault("CONFLICT", `This idempotency key was used for ${what}`, { field: "idempotencyKey" });
}

/** Of two that come at once with the same key, Postgres lets the second wait for the first one's end, for as long as the lock timeout. */
const CLAIM = "insert into idempotency_keys (tenant_id, principal, operation, key, input_hash) values ($1, $2, $3, $4, $5) on conflict do nothing returning key";
const OF_KEY = "tenant_id = $1 and principal = $2 and operation = $3 and key = $4";
const STILL_LOCKED = "55P03";

/**
 * Take the key for this transaction, or find the answer that it was given before.
 *
 * Faults  CONFLICT(idempotencyKey) when the key was used for another input; UNAVAILABLE while the first request is worked on.
 */
export async function answerBefore<T>(tx: EntityManager, scope: ChangeScope, once: Once<string>): Promise<{ value: T } | undefined> {
  const key = keyOf(scope, once);
  // Typed as the rows that `returning` gives: TypeORM unwraps them for an insert.
  const claimed = await tx.query<unknown[]>(CLAIM, [...key, once.inputHash]).catch((thrown: unknown) => {
    throw stateOf(thrown) === STILL_LOCKED
      ? new Fault("UNAVAILABLE", "The first request with this idempotency key is being worked on, try again", { field: "idempotencyKey", internal: thrown })
      : thrown;
  });
  if (claimed.length > 0) return undefined;
  const [first] = await tx.query<{ inputHash: string; result: T }[]>(`select input_hash as "inputHash", result from idempotency_keys where ${OF_KEY}`, key);
  // Pruned in between: then it is a new key, and the next attempt takes it.
  if (!first) throw new Fault("UNAVAILABLE", "The registry is busy, try again");
  if (first.inputHash !== once.inputHash) throw usedForAnother("another input");
  return { value: revived(first.result, once.payload) };
}

/** Keep the answer with the key, in the change's own transaction: there is one if and only if the other is. */
export async function keepAnswer(tx: EntityManager, scope: ChangeScope, once: Once<string>, value: unknown): Promise<void> {
  await tx.query(`update idempotency_keys set result = $5 where ${OF_KEY}`, [...keyOf(scope, once), JSON.stringify(value)]);
}

function revived<T>(value: T, payload: Readonly<Record<string, Function>>): T {
  const members = Object.entries(value as object).map(([name, member]) => [name, revivedAs(payload[name] ?? Object, member)] as const);
  return Object.fromEntries(members) as T;
}

function revivedAs(type: Function, member: unknown): unknown {
  if (Array.isArray(member)) return member.map((one) => revivedAs(type, one));
  if (type === Date && typeof member === "string") return new Date(member);
  if (typeof member === "object" && member !== null) reviverOf(type)(member as Record<string, unknown>);
  return member;
}

function keyOf({ tenantId, principal }: ChangeScope, { operation, key }: Once<string>): string[] {
  return [tenantId, nameOf(principal), operation, key];
}

/** A service and a person are different callers even if an issuer gave them one subject. */
function nameOf({ kind, subject }: Principal): string {
  return `${kind}:${subject}`;
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function stateOf(thrown: unknown): string | undefined {
  return (thrown as { driverError?: { code?: string } }).driverError?.code;
}
