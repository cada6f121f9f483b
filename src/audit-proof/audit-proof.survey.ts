/** Owns what is known before the events are looked at: where the log begins, and what its checkpoints, and those that were kept elsewhere, say of which position. */
import { hashOf, open, type Checkpoint } from "./audit-proof.checkpoint.js";
import { EXPORT_FORMAT, lineIn, type LogLine } from "./audit-proof.export.js";
import { ProofError } from "./audit-proof.failure.js";
import type { PublicKeys } from "./audit-proof.keys.js";
import { eachLine } from "./audit-proof.lines.js";
import { rootOf, subtreesOf } from "./audit-proof.tree.js";

/** Can be read more than once. */
export type Source = () => AsyncIterable<Uint8Array>;

interface Signed {
  readonly text: string;
  readonly checkpoint: Checkpoint;
}

export interface Survey {
  readonly log: LogLine;
  readonly base: Checkpoint | null;
  /** All checkpoints by position; where two speak of one position, both have to be right. */
  readonly said: ReadonlyMap<number, readonly Checkpoint[]>;
  /** The newest in the file. */
  readonly newest: Checkpoint | null;
  /** How many are in the file. */
  readonly count: number;
  /** How many of those that were kept speak of what was purged, and of nothing that is here. */
  readonly unchecked: number;
  /** Why the checkpoints are not to be believed from some line on. Told after the events: a bad one of those comes first. */
  readonly failure: ProofError | null;
}

/** Read a file for its checkpoints. What is wrong with its first line is thrown. */
export async function survey(source: Source, keys: PublicKeys, kept: readonly string[]): Promise<Survey> {
  let log: LogLine | undefined;
  let base: Signed | null = null;
  let checkpoints: Checkpoints | undefined;
  let failure: ProofError | null = null;
  try {
    await eachLine(source(), (text) => {
      if (checkpoints !== undefined) {
        if (text.startsWith('{"type":"checkpoint"')) checkpoints.add(text);
        return;
      }
      log = logIn(text);
      base = baseOf(log, keys);
      checkpoints = new Checkpoints(log, base, keys, kept);
    });
  } catch (error) {
    if (!(error instanceof ProofError)) throw error;
    failure = error;
  }
  if (log === undefined || checkpoints === undefined) throw failure ?? new ProofError("no_log_line", "the file is empty, or its first line has no end");
  return { log, base: (base as Signed | null)?.checkpoint ?? null, said: checkpoints.said, newest: checkpoints.newest?.checkpoint ?? null, count: checkpoints.count, unchecked: checkpoints.unchecked(), failure };
}

function logIn(text: string): LogLine {
  if (!text.startsWith('{"type":"log"')) throw new ProofError("no_log_line", "the first line is not that of an export");
  const line = lineIn(text);
  if (line.type !== "log") throw new ProofError("no_log_line", "the first line is not that of an export");
  if (line.format !== EXPORT_FORMAT) throw new ProofError("unknown_format", `this version knows the format ${EXPORT_FORMAT} only`);
  if (!line.whole) throw new ProofError("filtered_export", "only the events of a filter were exported; whether others are missing cannot be told");
  return line;
}

function baseOf({ log, tenant, after, base, frontier }: LogLine, keys: PublicKeys): Signed | null {
  if (base === null) {
    if (after > 0 || frontier.length > 0) throw new ProofError("base_missing", `the log begins after position ${after}, and no checkpoint says so`);
    return null;
  }
  const checkpoint = open(base, keys);
  if (checkpoint.log !== log || checkpoint.tenant !== tenant) throw new ProofError("checkpoint_other_log", "the checkpoint at the beginning is of another log or tenant");
  const root = frontier.length === subtreesOf(after).length ? rootOf(frontier.map((hash) => Buffer.from(hash, "hex"))).toString("hex") : null;
  if (checkpoint.kind !== "purge" || checkpoint.position !== after || after === 0 || checkpoint.root !== root) {
    throw new ProofError("base_mismatch", `the checkpoint at the beginning is not that of a purge up to position ${after}, or of another tree`);
  }
  return { text: base, checkpoint };
}

/** The checkpoints of one tenant's log: each names the one before. */
class Checkpoints {
  readonly said = new Map<number, Checkpoint[]>();
  newest: Signed | null = null;
  count = 0;
  /** Known from elsewhere, by number. */
  private readonly known = new Map<number, Signed>();
  /** As far as the chain had come; a purge looks back. */
  private reached = 0;

  constructor(
    private readonly log: LogLine,
    private readonly base: Signed | null,
    private readonly keys: PublicKeys,
    kept: readonly string[],
  ) {
    for (const signed of [...(base === null ? [] : [base]), ...kept.map((text) => this.opened(text))]) {
      this.compare(signed);
      this.known.set(signed.checkpoint.number, signed);
    }
  }

  add(line: string): void {
    const read = lineIn(line);
    if (read.type !== "checkpoint") throw new ProofError("bad_line", "a line of a checkpoint is none");
    const signed = this.opened(read.signed);
    this.follow(signed);
    this.compare(signed);
    this.newest = signed;
    this.count++;
  }

  unchecked(): number {
    const first = this.newest === null ? Infinity : this.newest.checkpoint.number - this.count + 1;
    return [...this.known.values()].filter(({ text, checkpoint }) => text !== this.base?.text && checkpoint.position < this.log.after && checkpoint.number < first).length;
  }

  private opened(text: string): Signed {
    const checkpoint = open(text, this.keys);
    const { log, tenant, number } = checkpoint;
    if (log !== this.log.log || tenant !== this.log.tenant) throw new ProofError("checkpoint_other_log", `checkpoint ${number} is of another log or tenant`);
    return { text, checkpoint };
  }

  /** A log that begins at its first event begins at its first checkpoint; one that was purged, with the purge's or before. */
  private follow({ checkpoint: { number, previous, position, kind } }: Signed): void {
    const before = this.newest;
    const first = this.base === null ? number === 1 : number <= this.base.checkpoint.number;
    const follows = before === null ? first : number === before.checkpoint.number + 1 && previous === hashOf(before.text);
    if (!follows || (number === 1) !== (previous === null)) throw new ProofError("checkpoint_sequence", `checkpoint ${number} does not follow the one before it`);
    if (kind === "purge") return;
    if (position < this.reached) throw new ProofError("checkpoint_sequence", `checkpoint ${number} counts fewer events than an earlier one`);
    this.reached = position;
  }

  private compare(signed: Signed): void {
    const { number, position } = signed.checkpoint;
    const known = this.known.get(number);
    if (known !== undefined && known.text !== signed.text) throw new ProofError("checkpoint_mismatch", `there are two different checkpoints with the number ${number}`);
    if (known === undefined) this.said.set(position, [...(this.said.get(position) ?? []), signed.checkpoint]);
  }
}
