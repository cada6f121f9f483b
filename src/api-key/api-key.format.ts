/** Owns the text of an API key: how one is made, how a typo is told without any I/O, and which part of it is public. What is secret about it is `api-key.secret.ts`. */
import { randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import { ApiKeyEnvironment } from "./api-key.entity.js";

export interface ParsedKey {
  environment: ApiKeyEnvironment;
  /** The public part, by which the key is found. */
  lookupId: string;
  /** The first characters, for people. */
  prefix: string;
}

/** For scanners of secrets: finds a key anywhere in a text. What it finds is a key when its checksum says so, too. */
export const KEY_PATTERN = /\btrk_(?:dev|staging|prod)_[0-9A-Za-z]{12}_[0-9A-Za-z]{36}\b/;

const WHOLE_KEY = /^trk_(dev|staging|prod)_([0-9A-Za-z]{12})_[0-9A-Za-z]{36}$/;
const VENDOR = "trk_";
const LOOKUP_LENGTH = 12;
/** 178 random bits. */
const SECRET_LENGTH = 30;
const CHECKSUM_LENGTH = 6;
/** Seed 003's `prefix`. */
const PREFIX_LENGTH = 8;

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** Bytes from here on are thrown away: with them the first characters of the alphabet would come up more often than the others. */
const EVENLY_SPREAD = 248;

/** Keys that another service made have a shape of their own, which only has bounds here. */
const IMPORTED_KEY = /^[\x21-\x7e]{12,200}$/;

/** A new key in full. It exists in the answer that shows it, and nowhere else. */
export function newKey(environment: ApiKeyEnvironment): ParsedKey & { plaintext: string } {
  const lookupId = randomBase62(LOOKUP_LENGTH);
  const body = `${VENDOR}${environment}_${lookupId}_${randomBase62(SECRET_LENGTH)}`;
  const plaintext = body + checksumOf(body);
  return { plaintext, environment, lookupId, prefix: prefixOf(plaintext) };
}

/** The public facts about a key; null for everything that is none, and for a key with a typo. Says nothing about whether it was ever made. */
export function parseKey(text: string): ParsedKey | null {
  const [, environment, lookupId] = WHOLE_KEY.exec(text) ?? [];
  if (lookupId === undefined || text.slice(-CHECKSUM_LENGTH) !== checksumOf(text.slice(0, -CHECKSUM_LENGTH))) return null;
  return { environment: environment as ApiKeyEnvironment, lookupId, prefix: prefixOf(text) };
}

/** By what a presented text is looked for; null for what cannot be a key. `withImported` looks for what another service made, too. */
export function lookupIdOf(text: string, withImported: boolean): string | null {
  if (!text.startsWith(VENDOR)) return withImported && IMPORTED_KEY.test(text) ? importedLookupId(prefixOf(text)) : null;
  return parseKey(text)?.lookupId ?? null;
}

/** The look-up id of keys that another service made: of theirs nothing is stored in the clear but the prefix. In hexadecimal no character of it means anything to anybody. */
export function importedLookupId(prefix: string): string {
  return `~${Buffer.from(prefix).toString("hex")}`;
}

function prefixOf(key: string): string {
  return key.slice(0, PREFIX_LENGTH);
}

function randomBase62(length: number): string {
  let text = "";
  while (text.length < length) {
    const fair = randomBytes(length).filter((byte) => byte < EVENLY_SPREAD).subarray(0, length - text.length);
    for (const byte of fair) text += BASE62.charAt(byte % BASE62.length);
  }
  return text;
}

/** CRC-32, most significant digit first: tells every single wrong character, and every two that changed places. */
function checksumOf(body: string): string {
  let rest = crc32(body);
  let digits = "";
  while (digits.length < CHECKSUM_LENGTH) {
    digits = BASE62.charAt(rest % BASE62.length) + digits;
    rest = Math.floor(rest / BASE62.length);
  }
  return digits;
}
