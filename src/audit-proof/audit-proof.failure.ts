/** Owns for which reasons a log, a checkpoint or a proof is refused. Programs read them, so a word keeps its meaning. */

export type Reason =
  /** The file does not begin as an export does, or is not of a format that is known. */
  | "no_log_line" | "unknown_format"
  /** Only some of the events were asked for, so nothing can be said about the others. */
  | "filtered_export"
  /** A line is not one that an export has, or not written as an export writes it. */
  | "bad_line"
  /** A checkpoint: its key is not given; not signed by its key; of another log or tenant; another than the events, or a kept one, say; out of its sequence. */
  | "key_unknown" | "checkpoint_signature" | "checkpoint_other_log" | "checkpoint_mismatch" | "checkpoint_sequence"
  /** Of a purged log: the checkpoint that it begins at is missing, or says something else. */
  | "base_missing" | "base_mismatch"
  /** An event: one is missing before it; its position was there already; of another tenant; other content, or another predecessor, than was chained. */
  | "position_gap" | "position_repeated" | "wrong_tenant" | "content_changed"
  /** Somebody was taken out of an event, and no later event says so. */
  | "erasure_unrecorded"
  /** The log goes on behind what the file has. */
  | "tail_missing"
  /** The last line counts other events than there are. */
  | "count_mismatch"
  /** A proof has not the members of one, or its path does not lead from the event, or from the older checkpoint, to the checkpoint's root. */
  | "bad_proof" | "not_included" | "not_consistent";

export class ProofError extends Error {
  constructor(
    readonly reason: Reason,
    /** For people: what was expected, and what was found. */
    readonly detail: string,
    /** Position of the event that is the first bad one, as far as that can be told. */
    readonly position: number | null = null,
  ) {
    super(`${reason}: ${detail}`);
  }
}
