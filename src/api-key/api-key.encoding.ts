/** Owns how a hash is written down, and the bounds of what is read back: a stored hash says what checking it costs, so it is believed only so far. Nothing is hashed here. */

/** What one hash costs. */
export interface HashCost {
  memoryKib: number;
  passes: number;
  lanes: number;
}

export interface EncodedHash extends HashCost {
  salt: Buffer;
  digest: Buffer;
}

/** The form of argon2's reference implementation, version 1.3, without any of its optional parts. 8 to 64 bytes of salt, 16 to 64 of digest. */
const ENCODED = /^\$argon2id\$v=19\$m=(\d{1,6}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

/** RFC 9106's and the common libraries' recommendations for passwords are within these; above them nothing is computed. */
const MAX_MEMORY_KIB = 65_536;
/** Memory times passes, which is what takes time: 64 MiB four times. */
const MAX_WORK_KIB = 262_144;
/** Each lane is a thread of its own. Some libraries take as many as the machine has cores. */
const MAX_LANES = 16;
/** Argon2's own rule. */
const MIN_KIB_PER_LANE = 8;

export function writeHash({ memoryKib, passes, lanes, salt, digest }: EncodedHash): string {
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${lanes}$${unpadded(salt)}$${unpadded(digest)}`;
}

/** Null for what is no argon2id hash, is written in an unusual way, or would cost more than is allowed. */
export function readHash(text: string): EncodedHash | null {
  const [, memory, passes, lanes, salt, digest] = ENCODED.exec(text) ?? [];
  if (salt === undefined || digest === undefined) return null;
  const read = {
    memoryKib: Number(memory),
    passes: Number(passes),
    lanes: Number(lanes),
    salt: Buffer.from(salt, "base64"),
    digest: Buffer.from(digest, "base64"),
  };
  // Written back it is the same text: no leading zeros, no bits beyond the last byte.
  return isAffordable(read) && writeHash(read) === text ? read : null;
}

function isAffordable({ memoryKib, passes, lanes }: HashCost): boolean {
  const isValid = passes >= 1 && lanes >= 1 && memoryKib >= MIN_KIB_PER_LANE * lanes;
  return isValid && lanes <= MAX_LANES && memoryKib <= MAX_MEMORY_KIB && memoryKib * passes <= MAX_WORK_KIB;
}

function unpadded(bytes: Buffer): string {
  return bytes.toString("base64").replace(/=+$/, "");
}
