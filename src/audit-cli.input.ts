/** Owns how files are read that may be longer than memory, and more than once, also when they come through a pipe. */
import { mkdtemp, open, rm, stat, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const STANDARD_INPUT = "-";
const CHUNK_BYTES = 256 * 1024;

/** The files, one after the other, as a source that can be read again and again while the work lasts. */
export async function readTwice<Value>(files: readonly string[], work: (source: () => AsyncIterable<Uint8Array>) => Promise<Value>): Promise<Value> {
  const areFiles = await Promise.all(files.map(async (file) => file !== STANDARD_INPUT && !(await stat(file)).isFIFO()));
  if (areFiles.every(Boolean)) return work(() => bytesOf(files));
  const directory = await mkdtemp(join(tmpdir(), "tenant-registry-"));
  const kept = await open(join(directory, "input"), "wx+", 0o600);
  try {
    // Gone from its directory at once, so that nothing stays behind however this ends.
    await rm(directory, { recursive: true });
    for await (const bytes of bytesOf(files)) await kept.appendFile(bytes);
    return await work(() => contentOf(kept));
  } finally {
    await kept.close();
  }
}

async function* bytesOf(files: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const file of files) {
    if (file === STANDARD_INPUT) yield* process.stdin;
    else yield* ofFile(file);
  }
}

async function* ofFile(file: string): AsyncGenerator<Uint8Array> {
  const opened = await open(file);
  try {
    yield* (await opened.stat()).isFIFO() ? contentOf(opened, null) : contentOf(opened);
  } finally {
    await opened.close();
  }
}

/** From its beginning, whoever has read it before; a pipe has no places to read at, only a next piece. */
async function* contentOf(file: FileHandle, from: number | null = 0): AsyncGenerator<Uint8Array> {
  for (let at = from; ; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, at);
    if (bytesRead === 0) return;
    if (at !== null) at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
