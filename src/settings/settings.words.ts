/** Owns what may stand in settings as text: names of time zones (IANA), tags of languages (BCP 47), codes of currencies (ISO 4217). What is known of them is what Node's ICU knows. A rule that is broken comes in words without a subject; they never repeat the value. */

/** The longest name of the zone database has 32 characters, and nobody may make ICU read more. */
const LONGEST_ZONE = 64;
/** As much as RFC 5646 §4.4.1 asks everybody to have room for. */
const LONGEST_TAG = 35;

/** Each part of a name begins with a capital letter. `+01:00` is no name, and changes with no clock. */
const ZONE_NAME = /^[A-Z][A-Za-z0-9_+-]*(\/[A-Z][A-Za-z0-9_+-]*)*$/;
/** The parts of a place's name are not shouted; short names of countries, states and clocks are. */
const SHOUTED = /^(?=.*\/).*[A-Z]{4}/;
/** Abbreviations that ICU knows besides, from an old Java: no zone database has them, and some mean another zone to each reader. */
const OF_ICU_ALONE: ReadonlySet<string> = new Set([
  "ACT", "AET", "AGT", "ART", "AST", "BET", "BST", "CAT", "CNT", "CST", "CTT", "EAT", "ECT", "IET", "IST", "JST", "MIT", "NET", "NST", "PLT", "PNT", "PRT", "PST", "SST", "VST",
]);

/**
 * The name is kept as given: ICU would make `Asia/Calcutta` of `Asia/Kolkata`. For the same reason it does not tell the right spelling
 * of every name; where it does, the name must have it, because file systems and other readers of the zone database ask for it.
 */
export function timezoneProblem(name: string): string | null {
  const refusal = "must be the IANA name of a time zone, for instance Europe/Berlin";
  if (name.length > LONGEST_ZONE || !ZONE_NAME.test(name) || SHOUTED.test(name)) return refusal;
  if (OF_ICU_ALONE.has(name) || name.startsWith("SystemV/")) return refusal;
  const resolved = zoneOf(name);
  if (resolved === null) return refusal;
  const otherCase = resolved !== name && resolved.toLowerCase() === name.toLowerCase();
  return otherCase ? `must be spelt ${resolved}` : null;
}

function zoneOf(name: string): string | null {
  return orNull(() => new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone);
}

/**
 * One tag. Languages have two or three letters (longer ones are for names that were never registered, such as `german`), and of those
 * with two letters, and of the regions, all that there are are known.
 */
export function languageProblem(tag: string): string | null {
  const refusal = "must be one BCP 47 tag, for instance de or de-CH";
  const locale = tag.length > LONGEST_TAG ? null : orNull(() => new Intl.Locale(tag));
  if (!locale || locale.toString().length > LONGEST_TAG) return refusal;
  const { language, region }: { language?: string; region?: string } = locale;
  // `und` says that it is not known: to Node it is a language with a name, or none, by its version.
  if (language === undefined || language === "und" || language.length > 3 || (language.length === 2 && !isKnown("language", language))) return refusal;
  return region === undefined || isKnown("region", region) ? null : refusal;
}

const NAMES = {
  language: new Intl.DisplayNames(["en"], { type: "language", fallback: "none" }),
  region: new Intl.DisplayNames(["en"], { type: "region", fallback: "none" }),
};

function isKnown(type: keyof typeof NAMES, code: string): boolean {
  return NAMES[type].of(code) !== undefined;
}

const CURRENCIES: ReadonlySet<string> = new Set(Intl.supportedValuesOf("currency"));

export function currencyProblem(code: string): string | null {
  return CURRENCIES.has(code) ? null : "must be an ISO 4217 code in capital letters, for instance EUR";
}

/** What Intl makes of a text that may be none of its. */
function orNull<T>(make: () => T): T | null {
  try {
    return make();
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
