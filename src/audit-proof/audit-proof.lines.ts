/** Owns how a file is taken apart into lines in bounded memory, however long it or one of its lines is. */
import { ProofError } from "./audit-proof.failure.js";

/** The biggest event that is accepted has 1 MB; escaped twice it may become three times as long. */
export const LONGEST_LINE = 8 * 1024 * 1024;
const LINE_BREAK = 10;

/** Visit each line that is ended by a line break; answers whether something stood behind the last one. */
export async function eachLine(source: AsyncIterable<Uint8Array>, visit: (text: string) => void): Promise<{ unfinished: boolean }> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let number = 0;
  let begun: Uint8Array[] = [];
  let length = 0;
  const hold = (bytes: Uint8Array) => {
    length += bytes.length;
    if (length > LONGEST_LINE) throw new ProofError("bad_line", `line ${number + 1} is longer than ${LONGEST_LINE} bytes`);
    begun.push(bytes);
  };
  for await (const chunk of source) {
    let from = 0;
    for (let end = chunk.indexOf(LINE_BREAK); end >= 0; end = chunk.indexOf(LINE_BREAK, from)) {
      hold(chunk.subarray(from, end));
      visit(textOf(begun, ++number));
      begun = [];
      length = 0;
      from = end + 1;
    }
    // A copy: the rest of a chunk may be written over by whoever gave it.
    if (from < chunk.length) hold(Buffer.from(chunk.subarray(from)));
  }
  return { unfinished: length > 0 };

  function textOf(parts: readonly Uint8Array[], line: number): string {
    try {
      return decoder.decode(parts.length === 1 ? parts[0] : Buffer.concat(parts));
    } catch {
      throw new ProofError("bad_line", `line ${line} is no UTF-8`);
    }
  }
}
