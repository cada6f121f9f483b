/** Owns whether a single proof holds: that an event is in the log that a checkpoint counts, or that the log of one checkpoint grew out of another's. */
import { open, type Checkpoint } from "./audit-proof.checkpoint.js";
import { leafOfLine, lineIn, type EventLine } from "./audit-proof.export.js";
import { ProofError } from "./audit-proof.failure.js";
import type { PublicKeys } from "./audit-proof.keys.js";
import { eachLine } from "./audit-proof.lines.js";
import { verifyConsistency, verifyInclusion } from "./audit-proof.tree.js";

/** What a proof says is believed as far as it follows from what is signed; members beside these are not looked at. */
export interface InclusionProof {
  /** Decimal, from 1. */
  readonly position: string;
  /** Hash of the event, in hex. */
  readonly leaf: string;
  /** Siblings in hex, the leaf's own first. */
  readonly path: readonly string[];
  /** A checkpoint that covers the event. */
  readonly checkpoint: { readonly signed: string };
}

export interface ConsistencyProof {
  /** The older checkpoint. */
  readonly from: { readonly signed: string };
  readonly to: { readonly signed: string };
  readonly path: readonly string[];
}

export interface Included {
  readonly kind: "inclusion";
  readonly position: number;
  readonly leaf: string;
  /** Id of the event, when its line was there to be compared. */
  readonly event: string | null;
  readonly checkpoint: Checkpoint;
}

export interface Consistent {
  readonly kind: "consistency";
  readonly from: Checkpoint;
  readonly to: Checkpoint;
}

/** Two a level, of which there are no more than a number has bits. */
const LONGEST_PATH = 128;
const HASH = /^[0-9a-f]{64}$/;
const POSITION = /^[1-9]\d{0,15}$/;
const NOBODY = "00000000-0000-0000-0000-000000000000";

/**
 * Throws why it does not hold, or is none. Without the event a proof says only that something with its hash is there; `events` is an export,
 * or a part of one, that has the event's line.
 */
export async function checkProof(proof: unknown, keys: PublicKeys, events?: AsyncIterable<Uint8Array>): Promise<Included | Consistent> {
  const { position, leaf, checkpoint, from, to, path } = membersOf(proof);
  if (!Array.isArray(path) || path.length > LONGEST_PATH || !path.every(isHash)) throw new ProofError("bad_proof", "a proof has a path of hashes in hex");
  const hashes = path.map((hash) => Buffer.from(hash, "hex"));
  if (from !== undefined) return consistent(opened(from, keys), opened(to, keys), hashes);
  if (typeof position !== "string" || !POSITION.test(position) || !isHash(leaf)) throw new ProofError("bad_proof", "a proof has the position and the hash of an event, or two checkpoints");
  const included = { kind: "inclusion", position: Number(position), leaf, event: null, checkpoint: opened(checkpoint, keys) } as const;
  if (!verifyInclusion(Buffer.from(leaf, "hex"), included.position, included.checkpoint.position, hashes, Buffer.from(included.checkpoint.root, "hex"))) {
    throw new ProofError("not_included", `checkpoint ${included.checkpoint.number} counts no event with this hash at position ${position}`, included.position);
  }
  return events === undefined ? included : { ...included, event: uidOf(await eventIn(events, included.position), included) };
}

function consistent(from: Checkpoint, to: Checkpoint, path: readonly Buffer[]): Consistent {
  if (from.log !== to.log || from.tenant !== to.tenant) throw new ProofError("checkpoint_other_log", "the two checkpoints are not of one tenant's log");
  if (!verifyConsistency(from.position, to.position, Buffer.from(from.root, "hex"), Buffer.from(to.root, "hex"), path)) {
    throw new ProofError("not_consistent", `the log of checkpoint ${to.number} does not begin with that of checkpoint ${from.number}`);
  }
  return { kind: "consistency", from, to };
}

async function eventIn(events: AsyncIterable<Uint8Array>, position: number): Promise<EventLine> {
  const found: EventLine[] = [];
  await eachLine(events, (text) => {
    if (!text.startsWith(`{"type":"event","position":${position},`)) return;
    const line = lineIn(text);
    if (line.type === "event" && line.position === position) found.push(line);
  });
  const [event, another] = found;
  if (event === undefined) throw new ProofError("position_gap", `no line has the event at position ${position}`, position);
  if (another !== undefined) throw new ProofError("position_repeated", `two lines have an event at position ${position}`, position);
  return event;
}

function uidOf(event: EventLine, { leaf, checkpoint, position }: Included): string | null {
  if ((event.columns["tenant_id"] ?? NOBODY) !== checkpoint.tenant) throw new ProofError("wrong_tenant", "event and checkpoint are not of one tenant", position);
  if (leafOfLine(event).toString("hex") !== leaf) throw new ProofError("content_changed", "the event is not the one that the proof is about", position);
  return event.columns["uid"] ?? null;
}

function opened(checkpoint: unknown, keys: PublicKeys): Checkpoint {
  const { signed } = membersOf(checkpoint);
  if (typeof signed !== "string") throw new ProofError("bad_proof", "a proof has its checkpoints as they were signed");
  return open(signed, keys);
}

const membersOf = (value: unknown) => (typeof value === "object" && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
const isHash = (value: unknown): value is string => typeof value === "string" && HASH.test(value);
