/** Owns which values settings may have, and what becomes of them when they are changed. No I/O. */
import { Fault } from "../kernel/fault.js";
import { closest } from "../kernel/misspelling.js";
import { SETTING_KEYS, Weekday, type SettingKey, type Settings, type SettingsInput } from "./settings.js";
import { currencyProblem, languageProblem, timezoneProblem } from "./settings.words.js";

/** What is wrong with one of the given settings. */
export interface SettingProblem {
  readonly key: string;
  /** In our words, to go after the name of the setting; it never repeats the value. */
  readonly rule: string;
  /** Set when there is no such setting: the names that might have been meant. */
  readonly known?: readonly string[];
}

const PROBLEMS: Readonly<Record<SettingKey, (value: string) => string | null>> = {
  timezone: timezoneProblem,
  language: languageProblem,
  currency: currencyProblem,
  weekStart: (day) => ((Object.values(Weekday) as string[]).includes(day) ? null : `must be one of ${Object.values(Weekday).join(", ")}`),
};

/** Everything that is wrong with settings that were given, whoever gave them; null means "inherit again". */
export function settingProblems(given: object): readonly SettingProblem[] {
  return Object.entries(given).flatMap(([key, value]: [string, unknown]): SettingProblem[] => {
    if (!isSetting(key)) return [{ key, rule: "is no setting", known: SETTING_KEYS }];
    const rule = value == null ? null : typeof value === "string" ? PROBLEMS[key](value) : "must be text";
    return rule === null ? [] : [{ key, rule }];
  });
}

function isSetting(key: string): key is SettingKey {
  return (SETTING_KEYS as readonly string[]).includes(key);
}

/**
 * What an owner says for itself after this was given: a given setting replaces, null takes away, what was not given stays.
 *
 * Faults  BAD_USER_INPUT(settings.<key>) for the first that breaks its rule, with the name that might have been meant where there is no such setting.
 */
export function settingsAfter(own: Readonly<Settings>, given: SettingsInput | null | undefined): Settings {
  const [problem] = settingProblems(given ?? {});
  if (problem) throw refusal(problem);
  const after: Record<string, unknown> = { ...own };
  for (const [key, value] of Object.entries(given ?? {})) {
    if (value === null) delete after[key];
    else if (value !== undefined) after[key] = key === "language" ? canonicalLanguage(value as string) : value;
  }
  return after;
}

/** What a new owner says for itself. Faults: as {@link settingsAfter}. */
export function settingsFrom(given: SettingsInput | null | undefined): Settings {
  return settingsAfter({}, given);
}

function refusal({ key, rule, known }: SettingProblem): Fault {
  const meant = known && closest(key, known);
  return new Fault("BAD_USER_INPUT", `settings.${key} ${rule}${meant === undefined ? "" : `; did you mean ${meant}?`}`, { field: `settings.${key}` });
}

function canonicalLanguage(tag: string): string {
  return Intl.getCanonicalLocales(tag)[0] ?? tag;
}
