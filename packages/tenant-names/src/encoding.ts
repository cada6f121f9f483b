/** Owns the components that come from outside: any text, written so that it cannot be taken for anything else. */
import { isDevice } from "./component.js";
import { NameRefusedError, type Part } from "./refusal.js";

/** The longest encoded text by part. A session's leaves room for its extension in the 255 bytes of a file's name. */
const LONGEST = { session: 250, bot: 128, user: 128 } as const;
type EncodedPart = keyof typeof LONGEST & Part;

/** What the percent-encoding leaves alone though it is upper case or punctuation, and what it writes with a percent sign. */
const NOT_PLAIN = /%[0-9A-F]{2}|[A-Z.!~*'()]/g;

/**
 * The text's UTF-8, with `a-z 0-9 _ -` as they are and every other byte as `=` and two digits.
 *
 * Upper case is not plain, because some file systems fold it; nor is anything beyond ASCII, because some normalise it.
 * The first letter of a device's name is escaped: `con.cbor` is a device too.
 */
export function encode(part: EncodedPart, text: string): string {
  const longest = LONGEST[part];
  const rule = `must be well-formed text that takes 1 to ${longest} characters when it is encoded`;
  // An encoding is never shorter than its text, so that whatever is longer need not be looked at.
  if (typeof text !== "string" || text === "" || text.length > longest) throw new NameRefusedError(part, rule);
  const encoded = percentEncoded(part, text, rule).replace(NOT_PLAIN, (found) =>
    found.length === 1 ? escaped(found) : `=${found.slice(1).toLowerCase()}`,
  );
  const name = isDevice(encoded) ? escaped(encoded.charAt(0)) + encoded.slice(1) : encoded;
  if (name.length > longest) throw new NameRefusedError(part, rule);
  return name;
}

/** The text that is written so. That it is written in no other way shows when the name that it is in is printed again. */
export function decode(part: EncodedPart, encoded: string): string {
  try {
    return decodeURIComponent(encoded.replaceAll("=", "%"));
  } catch {
    throw new NameRefusedError(part, "is not encoded as this package encodes it");
  }
}

/** It refuses half a surrogate pair, which other encoders all turn into the same replacement character. */
function percentEncoded(part: EncodedPart, text: string, rule: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    throw new NameRefusedError(part, rule);
  }
}

/** An ASCII character that is not a control character: two digits are enough. */
function escaped(character: string): string {
  return `=${character.charCodeAt(0).toString(16)}`;
}
