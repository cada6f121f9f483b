/** Owns whether an export is what the registry signed: every event, in its place, and none missing. It runs offline and in bounded memory. */
import type { Checkpoint } from "./audit-proof.checkpoint.js";
import { genesisOf, linkOf } from "./audit-proof.encoding.js";
import { Erasures } from "./audit-proof.erasures.js";
import { leafOfLine, lineIn, type EndLine, type EventLine } from "./audit-proof.export.js";
import { ProofError, type Reason } from "./audit-proof.failure.js";
import type { PublicKeys } from "./audit-proof.keys.js";
import { eachLine } from "./audit-proof.lines.js";
import { survey, type Source, type Survey } from "./audit-proof.survey.js";
import { TreeBuilder } from "./audit-proof.tree.js";

export interface Verdict {
  readonly valid: boolean;
  /** Whose log of which registry it is; null when the file does not get as far as that. */
  readonly tenant: string | null;
  readonly log: string | null;
  /** How many events were found good, the positions of the first and last of them, and from how many of them somebody was erased. */
  readonly events: number;
  readonly from: number | null;
  readonly to: number | null;
  readonly erased: number;
  /** How many checkpoints the file has. */
  readonly checkpoints: number;
  /** How many kept checkpoints are about events that were purged before this export, so that nothing can be said about them. */
  readonly unchecked: number;
  /** When the last one was signed: the log is complete up to then. */
  readonly asOf: string | null;
  /** Position of the first bad event, as far as that can be told. */
  readonly failure: { readonly position: number | null; readonly reason: Reason; readonly detail: string } | null;
}

const NOBODY = "00000000-0000-0000-0000-000000000000";

/**
 * The source is read twice: first for the checkpoints, which stand behind the events that they speak of. `kept` are checkpoints that were
 * handed out earlier and kept elsewhere. Only they tell that a file is an older one, or that somebody with the signing key wrote another log.
 */
export async function verifyExport(source: Source, keys: PublicKeys, kept: readonly string[] = []): Promise<Verdict> {
  let walk: Walk | undefined;
  try {
    const surveyed = await survey(source, keys, kept);
    const walking = (walk = new Walk(surveyed));
    const { unfinished } = await eachLine(source(), (text) => walking.visit(text));
    walking.finish(unfinished);
    return { ...walking.seen(), valid: true, failure: null };
  } catch (error) {
    if (!(error instanceof ProofError)) throw error;
    const { reason, detail, position } = error;
    const seen = walk?.seen() ?? { tenant: null, log: null, events: 0, from: null, to: null, erased: 0, checkpoints: 0, unchecked: 0, asOf: null };
    return { ...seen, valid: false, failure: { position: position ?? (reason === "bad_line" ? (walk?.next ?? null) : null), reason, detail } };
  }
}

/** One way through the events, first to last. */
class Walk {
  private readonly tree: TreeBuilder;
  private readonly erasures = new Erasures();
  private readonly tenantId: string | null;
  private chain: Buffer;
  private lines = 0;
  /** Up to this position every event is what was signed. */
  private confirmed: number;
  private end: EndLine | null = null;

  constructor(private readonly survey: Survey) {
    const { log, base } = survey;
    this.tree = new TreeBuilder(log.after, log.frontier.map((hash) => Buffer.from(hash, "hex")));
    this.chain = base === null ? genesisOf(log.log, log.tenant) : Buffer.from(base.chain, "hex");
    this.tenantId = log.tenant === NOBODY ? null : log.tenant;
    this.confirmed = log.after;
    this.compare();
  }

  /** The position that comes next. */
  get next(): number {
    return this.tree.size + 1;
  }

  visit(text: string): void {
    this.lines++;
    const line = lineIn(text);
    if (this.end !== null || (line.type === "log") !== (this.lines === 1)) throw new ProofError("bad_line", `line ${this.lines} stands where it cannot`);
    if (line.type === "end") this.end = line;
    if (line.type === "event") this.follow(line);
  }

  /** After the last line. */
  finish(unfinished: boolean): void {
    const { log, said, newest, failure } = this.survey;
    const last = this.tree.size;
    if (this.end === null) throw new ProofError("tail_missing", unfinished ? "the file ends in the middle of a line" : "the file has no last line", this.next);
    if (unfinished) throw new ProofError("bad_line", "something stands behind the last line");
    if (this.end.position > last) throw new ProofError("tail_missing", `the last line counts up to position ${this.end.position}, and the events end at ${last}`, this.next);
    if (failure !== null) throw failure;
    const later = furthest(said);
    if (later !== null && later.position > last) throw new ProofError("tail_missing", `checkpoint ${later.number} of ${later.time} counts ${later.position} events, and the log ends at ${last}`, this.next);
    if (newest?.position !== last || newest.kind !== "export") throw new ProofError("tail_missing", `no checkpoint of an export says that the log ended at position ${last}`, Math.min(this.confirmed, last) + 1);
    if (this.end.position !== last || this.end.events !== last - log.after) throw new ProofError("count_mismatch", `the last line counts ${this.end.events} events up to ${this.end.position}, and there are ${last - log.after} up to ${last}`);
    const unrecorded = this.erasures.firstUnrecorded();
    if (unrecorded > 0) throw new ProofError("erasure_unrecorded", "somebody was erased from this event, and no later event says so", unrecorded);
  }

  seen(): Omit<Verdict, "valid" | "failure"> {
    const { log, count, unchecked, newest } = this.survey;
    const events = this.tree.size - log.after;
    const [from, to] = events === 0 ? [null, null] : [log.after + 1, this.tree.size];
    return { tenant: log.tenant, log: log.log, events, from, to, erased: this.erasures.count, checkpoints: count, unchecked, asOf: newest?.time ?? null };
  }

  private follow(event: EventLine): void {
    const { position, columns } = event;
    const { next } = this;
    if (position > next) throw new ProofError("position_gap", `position ${position} stands where ${next} should`, next);
    if (position < next) throw new ProofError("position_repeated", `position ${position} stands where ${next} should`, position);
    if (columns["tenant_id"] !== this.tenantId) throw new ProofError("wrong_tenant", "the event is another tenant's", position);
    const leaf = leafOfLine(event);
    const chain = linkOf(this.chain, position, leaf);
    if (chain.toString("hex") !== event.chain) throw new ProofError("content_changed", "the event, or the one before it, is not what was chained here", position);
    this.chain = chain;
    this.tree.add(leaf);
    this.erasures.see(event);
    this.compare();
  }

  /** What checkpoints say of this position. */
  private compare(): void {
    for (const { number, time, position, chain, root } of this.survey.said.get(this.tree.size) ?? []) {
      if (chain !== this.chain.toString("hex") || root !== this.tree.root().toString("hex")) {
        throw new ProofError("checkpoint_mismatch", `checkpoint ${number} of ${time} was signed over other events: the first that differs is one of ${this.confirmed + 1} to ${position}`, this.confirmed + 1);
      }
      this.confirmed = position;
    }
  }
}

function furthest(said: Survey["said"]): Checkpoint | null {
  let found: Checkpoint | null = null;
  for (const [one] of said.values()) if (one !== undefined && one.position > (found?.position ?? -1)) found = one;
  return found;
}
