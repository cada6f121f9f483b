/** Owns what is true of jobs: when one that runs by the clock is due, and what may be told of a failure. No I/O. */
import { createHash } from "node:crypto";
import { INTERNAL_MESSAGE } from "../kernel/error-format.js";
import { Fault } from "../kernel/fault.js";
import type { PlatformJobKind, Schedule } from "../kernel/jobs.js";

/** The latest time at which it was due, or null when that is too long ago to make up for. */
export function dueTime({ everySeconds, offsetSeconds, lateSeconds }: Schedule, now: Date): Date | null {
  const [every, offset] = [everySeconds * 1_000, offsetSeconds * 1_000];
  const due = Math.floor((now.getTime() - offset) / every) * every + offset;
  return now.getTime() - due < lateSeconds * 1_000 ? new Date(due) : null;
}

/** One id for one kind and time, whoever reckons it: the queue takes an id once, so that of many instances one adds the job. */
export function scheduledId(kind: PlatformJobKind, due: Date): string {
  const digest = createHash("sha256").update(`${kind} ${due.toISOString()}`).digest().subarray(0, 16);
  // RFC 9562: version 8 is for ids that are made in a way of one's own.
  digest.writeUInt8((digest.readUInt8(6) & 0x0f) | 0x80, 6);
  digest.writeUInt8((digest.readUInt8(8) & 0x3f) | 0x80, 8);
  return digest.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** What is stored of a failure and shown to staff; the rest is in the log, under the job's request id. */
export function publicReason(thrown: unknown): { code: string; message: string } {
  if (thrown instanceof Fault) return { code: thrown.code, message: thrown.message };
  return { code: "INTERNAL_SERVER_ERROR", message: INTERNAL_MESSAGE };
}
