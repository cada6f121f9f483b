/** Owns reading a ZIP archive in tests, strictly: what its central directory does not say, or a wrong checksum, is a failed test. */
import { crc32, inflateRawSync } from "node:zlib";
import { expect } from "vitest";

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;

/** The files of an archive by name, in the order of its directory. Throws for bytes that are not a whole archive. */
export function unzipped(archive: Buffer): Map<string, Buffer> {
  const end = archive.length - END_BYTES;
  if (end < 0 || archive.readUInt32LE(end) !== END) throw new Error("this archive is not whole");
  const files = new Map<string, Buffer>();
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left -= 1) {
    expect(archive.readUInt32LE(at)).toBe(ENTRY);
    const [checksum, compressed, size] = [archive.readUInt32LE(at + 16), archive.readUInt32LE(at + 20), archive.readUInt32LE(at + 24)];
    const [nameBytes, extraBytes, commentBytes] = [archive.readUInt16LE(at + 28), archive.readUInt16LE(at + 30), archive.readUInt16LE(at + 32)];
    const name = archive.toString("utf8", at + 46, at + 46 + nameBytes);
    const local = archive.readUInt32LE(at + 42);
    expect(archive.readUInt32LE(local)).toBe(LOCAL);
    const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    const content = inflateRawSync(archive.subarray(start, start + compressed));
    expect([name, content.length, crc32(content)]).toEqual([name, size, checksum]);
    expect(files.has(name)).toBe(false);
    files.set(name, content);
    at += 46 + nameBytes + extraBytes + commentBytes;
  }
  return files;
}

/** The lines of an NDJSON file. */
export function linesOf(files: Map<string, Buffer>, name: string): Record<string, unknown>[] {
  const text = files.get(name)?.toString("utf8") ?? "";
  expect(text === "" || text.endsWith("\n"), `${name} ends with a line`).toBe(true);
  return text.split("\n").filter(Boolean).map((line) => JSON.parse(line) as Record<string, unknown>);
}
