/** Owns how an export becomes a ZIP archive while it is fetched: one page of rows at a time, and no faster than it is taken. */
import { createHash } from "node:crypto";
import { PassThrough, Readable } from "node:stream";
import { ZipFile } from "yazl";
import { EXPORT_FILES, type ExportFile } from "./tenant-export.files.js";

/** Raised when the meaning of a file or a member changes; new files and members are none. */
const FORMAT = "tenant-registry/tenant-export/1";

export interface ArchiveParts {
  /** The next page of a file's lines, and the place after it; null when there are no more. */
  page(file: ExportFile, after: string | null): Promise<Page>;
  /** Called when all rows have been read, for what the manifest says of them. Rejects when they cannot be everything. */
  conclude(): Promise<Record<string, unknown>>;
  now(): Date;
}

export interface Page {
  lines: readonly string[];
  next: string | null;
}

interface WrittenFile {
  name: string;
  rows: number;
  bytes: number;
  sha256: string;
}

/**
 * The archive as a stream. What is held of it is one page, and what zlib and the streams between hold by themselves; nothing is read
 * while nobody takes what is there. Destroying the stream ends the reading.
 *
 * Shape    one file a noun, then `manifest.json`: when, and of each file how many rows and bytes and their SHA-256. Whoever has a
 *          readable archive with a manifest has all of it: anything that goes wrong cuts the stream off before.
 */
export function archiveOf({ page, conclude, now }: ArchiveParts): Readable {
  const zip = new ZipFile();
  const output = zip.outputStream as PassThrough;
  const startedAt = now();
  const written: WrittenFile[] = [];
  // Pipes pass on what is read, but neither that reading failed nor that nobody takes it any more.
  const left = new AbortController();
  output.once("close", () => left.abort());
  const source = (content: AsyncIterable<Buffer>) =>
    Readable.from(content, { objectMode: false, signal: left.signal }).once("error", (error) => output.destroy(error));
  const add = (name: string, content: () => AsyncIterable<Buffer>) =>
    zip.addReadStreamLazy(name, { mtime: startedAt }, (give) => give(null, source(content())));
  zip.once("error", (error: Error) => output.destroy(error));
  for (const file of EXPORT_FILES) add(file.name, () => linesOf(file, page, written));
  add("manifest.json", async function* () {
    const about = await conclude();
    yield Buffer.from(`${JSON.stringify({ format: FORMAT, ...about, startedAt, finishedAt: now(), files: written }, null, 2)}\n`);
  });
  zip.end();
  return output;
}

async function* linesOf(file: ExportFile, page: ArchiveParts["page"], written: WrittenFile[]): AsyncGenerator<Buffer> {
  const sha256 = createHash("sha256");
  let [rows, bytes] = [0, 0];
  let after: string | null = null;
  do {
    const { lines, next }: Page = await page(file, after);
    const text = Buffer.from(lines.map((line) => `${line}\n`).join(""));
    sha256.update(text);
    rows += lines.length;
    bytes += text.length;
    if (text.length > 0) yield text;
    after = next;
  } while (after !== null);
  written.push({ name: file.name, rows, bytes, sha256: sha256.digest("hex") });
}
