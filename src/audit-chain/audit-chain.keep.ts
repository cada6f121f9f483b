/** Owns the directory in which checkpoints are kept besides, as files that are only ever appended to. What is signed, and when, is not its business. */
import { open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { FastifyBaseLogger } from "fastify";
import type { StoredCheckpoint } from "./audit-chain.checkpoints.js";

export interface CheckpointKeeperParts {
  /** Null: none is kept. It is not made here: a volume that is not there must not become a directory that nobody looks after. */
  directory: string | null;
  /** A tenant's checkpoints after a number, in order. */
  following(tenantId: string, after: number): Promise<readonly StoredCheckpoint[]>;
  log: Pick<FastifyBaseLogger, "error">;
}

/** Longer than two checkpoints. */
const TAIL_BYTES = 8_192;

/**
 * `<tenant id>.jws`, one checkpoint a line. Whatever the file lacks is appended, so that one that could not be written is there after the
 * next one. A line may be there twice when two instances share the directory, and a broken one where a machine stopped in the middle of
 * it: then it is there again on the next line.
 *
 * Never rejects: the checkpoint is signed and stored, and what is wrong with a directory is for the operator to mend.
 */
export function openCheckpointKeeper({ directory, following, log }: CheckpointKeeperParts): (tenantId: string) => Promise<void> {
  let turn: Promise<void> = Promise.resolve();
  return (tenantId) => {
    if (directory !== null) {
      turn = turn.then(() => append(join(directory, `${tenantId}.jws`), (after) => following(tenantId, after)))
        .catch((err: unknown) => log.error({ err, tenant: tenantId }, "a checkpoint could not be kept as a file; it will be appended with the next one"));
    }
    return turn;
  };
}

async function append(path: string, following: (after: number) => Promise<readonly StoredCheckpoint[]>): Promise<void> {
  const file = await open(path, "a+", 0o640);
  try {
    let { last, broken } = await endOf(file);
    for (;;) {
      const missing = await following(last);
      if (missing.length === 0) break;
      await file.appendFile(`${broken ? "\n" : ""}${missing.map(({ signed }) => `${signed}\n`).join("")}`);
      last = missing.at(-1)?.number ?? last;
      broken = false;
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The number of the last whole line that is a checkpoint, and whether the file ends within a line. */
async function endOf(file: FileHandle): Promise<{ last: number; broken: boolean }> {
  const { size } = await file.stat();
  const from = Math.max(0, size - TAIL_BYTES);
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(TAIL_BYTES), position: from });
  const lines = buffer.toString("latin1", 0, bytesRead).split("\n");
  const unfinished = lines.pop() ?? "";
  const last = lines.map(numberIn).findLast((number) => number !== null);
  return { last: last ?? 0, broken: unfinished !== "" };
}

function numberIn(line: string): number | null {
  try {
    const { number } = JSON.parse(Buffer.from(line.split(".")[1] ?? "", "base64url").toString()) as { number?: unknown };
    return Number.isSafeInteger(number) ? (number as number) : null;
  } catch {
    return null;
  }
}
