/** Owns the components that the registry itself hands out: slugs and keys. They stand for themselves in every name. */
import { NameRefusedError, type Part } from "./refusal.js";

/** What stands at a team's place when there is none, and at a tenant's place for what belongs to the platform. */
export const NO_TEAM = "default";
export const PLATFORM = "global";

const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;
const KEY = /^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?$/;

/** What Windows opens as a device in every folder and with every extension. */
const DEVICE = /^(?:con|prn|aux|nul|(?:com|lpt)[0-9])$/;

/** Sentences of the refusals: a part's name goes before them. */
export const SLUG_RULE = "must be 1 to 40 lower-case letters, digits and hyphens, begin and end with a letter or digit, and not be a reserved name";
export const KEY_RULE =
  "must be 1 to 64 lower-case letters, digits, hyphens and underscores, begin and end with a letter or digit, and not be the name of a device";
const RESERVED_RULE = "is a reserved name";

export const isDevice = (text: string): boolean => DEVICE.test(text);

/** Whether the text is no slug because names, or Windows, give it a meaning of its own. */
export function isReservedName(text: string): boolean {
  return text === NO_TEAM || text === PLATFORM || (typeof text === "string" && isDevice(text));
}

/** Whether the text may be a tenant, environment, team, channel or cluster: true means that no name will refuse it. */
export function isSlug(text: string): boolean {
  // A regular expression would take a list with one slug in it for that slug.
  return typeof text === "string" && SLUG.test(text) && !isReservedName(text);
}

/** Whether the text may be a flow, or a part of a secret's key. */
export function isKey(text: string): boolean {
  return typeof text === "string" && KEY.test(text) && !isDevice(text);
}

export function slug(part: Part, text: string): string {
  if (isSlug(text)) return text;
  throw new NameRefusedError(part, isReservedName(text) ? RESERVED_RULE : SLUG_RULE);
}

export function key(part: Part, text: string): string {
  if (isKey(text)) return text;
  throw new NameRefusedError(part, KEY_RULE);
}
