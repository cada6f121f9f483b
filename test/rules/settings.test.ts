import "reflect-metadata";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fault } from "../../src/kernel/fault.js";
import { DEFAULT_SETTINGS, effective, SETTING_KEYS, SettingSource, Weekday, type Settings } from "../../src/settings/settings.js";
import { settingProblems, settingsAfter, settingsFrom } from "../../src/settings/settings.rules.js";

const refused = (given: object): string => {
  try {
    settingsFrom(given);
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: "BAD_USER_INPUT", field: expect.stringMatching(/^settings\./) });
    return (thrown as Fault).message;
  }
  throw new Error(`${JSON.stringify(given)} was not refused`);
};

describe("a time zone", () => {
  it.each([
    "Europe/Berlin", "UTC", "Etc/UTC", "GMT", "Asia/Kolkata", "Asia/Calcutta", "Europe/Kyiv", "Europe/Kiev", "America/Argentina/Buenos_Aires", "America/Port-au-Prince",
    "Etc/GMT+5", "Antarctica/DumontDUrville", "Africa/Dar_es_Salaam", "EST5EDT", "CET", "NZ-CHAT", "GB-Eire", "Australia/ACT", "America/Knox_IN", "Asia/Ust-Nera",
  ])("%s is kept as it is written", (timezone) => {
    expect(settingsFrom({ timezone })).toEqual({ timezone });
  });

  it("each that ICU calls by its own name is one", () => {
    const all = Intl.supportedValuesOf("timeZone").filter((name) => !name.startsWith("SystemV/"));
    expect(all.length).toBeGreaterThan(400);
    expect(all.filter((timezone) => settingProblems({ timezone }).length > 0)).toEqual([]);
  });

  it.each([
    "", " ", "Berlin", "Europe/Atlantis", "+01:00", "-05:30", "01:00", "UTC+1", "GMT+5", "europe/berlin", "EUROPE/BERLIN", "Europe/berlin", "asia/kolkata", "ASIA/KOLKATA", "utc",
    "CST", "PST", "IST", "SystemV/EST5", "Europe/Berlin ", " Europe/Berlin", "Europe//Berlin", "/Europe/Berlin", "Europe/Berlin/", "../Europe/Berlin", "Europe/Berlin\n", "Europe/Berlin\u0000",
    "Еurope/Berlin", "posixrules", "localtime", "Factory", "A".repeat(65), `Europe/${"B".repeat(100_000)}`, "constructor", "Etc/Unknown",
  ])("%j is none", (timezone) => {
    expect(refused({ timezone })).toMatch(/^settings\.timezone must be (the IANA name of a time zone, for instance Europe\/Berlin|spelt (Europe\/Berlin|UTC))$/);
  });

  it("written in other letter case is refused with the right spelling, which file systems ask for", () => {
    expect(settingProblems({ timezone: "Europe/BeRlin" })).toEqual([{ key: "timezone", rule: "must be spelt Europe/Berlin" }]);
  });
});

describe("a language", () => {
  it.each([
    ["de", "de"], ["de-ch", "de-CH"], ["DE-ch", "de-CH"], ["zh-hans-cn", "zh-Hans-CN"], ["es-419", "es-419"], ["sr-latn", "sr-Latn"], ["de-DE-1996", "de-DE-1996"], ["gsw", "gsw"], ["haw-US", "haw-US"],
    ["en-us-u-ca-buddhist", "en-US-u-ca-buddhist"],
    // What the registry of subtags calls otherwise today.
    ["iw", "he"], ["en-UK", "en-GB"],
  ])("%s is kept as %s", (language, kept) => {
    expect(settingsFrom({ language })).toEqual({ language: kept });
  });

  it.each([
    "", "d", "de_CH", "german", "deutsch", "English", "xx", "de-XX", "de-", "-de", "de--CH", "x-private", "i-klingon", "de,en", "de;q=0.8", "*", "de CH", "de\n", "d\u0435", "de\u0000", "1a", "und", "und-DE", "UND-Latn", "en-US-u-ca-buddhist-cf-account-co-standard",
    `en-x-${"a".repeat(100_000)}`,
  ])("%j is none", (language) => {
    refused({ language });
  });
});

describe("a currency", () => {
  it.each(["EUR", "CHF", "USD", "JPY", "XOF"])("%s is one", (currency) => {
    expect(settingsFrom({ currency })).toEqual({ currency });
  });

  it.each(["", "eur", "Eur", "EURO", "€", "BTC", "EUR ", "XX", "XXX", "constructor"])("%j is none", (currency) => {
    refused({ currency });
  });
});

describe("settings", () => {
  it.each([
    [{ weekStart: "Monday" }, "settings.weekStart must be one of monday, tuesday, wednesday, thursday, friday, saturday, sunday"],
    [{ timezone: 5 }, "settings.timezone must be text"],
    [{ language: ["de"] }, "settings.language must be text"],
    [{ currency: { toString: () => "EUR" } }, "settings.currency must be text"],
    [{ timezne: "UTC" }, "settings.timezne is no setting; did you mean timezone?"],
    [{ colour: "red" }, "settings.colour is no setting"],
    [{ constructor: null }, "settings.constructor is no setting"],
    [JSON.parse('{ "__proto__": "UTC" }') as object, "settings.__proto__ is no setting"],
  ])("%j are refused: %s", (given, message) => {
    expect(refused(given)).toBe(message);
  });

  it("are refused by the first of them that is wrong, and all that are wrong are told to whoever asks for them", () => {
    const given = { timezone: "UTC", language: "german", currency: "eur", nothing: 1 };
    expect(refused(given)).toMatch(/^settings\.language /);
    expect(settingProblems(given).map(({ key }) => key)).toEqual(["language", "currency", "nothing"]);
  });

  it("that are given replace, null takes away, and the others stay", () => {
    const own: Settings = { timezone: "UTC", language: "de", currency: "CHF" };
    expect(settingsAfter(own, { timezone: "Europe/Zurich", language: null, currency: undefined, weekStart: Weekday.SUNDAY })).toEqual({ timezone: "Europe/Zurich", currency: "CHF", weekStart: Weekday.SUNDAY });
    expect(own).toEqual({ timezone: "UTC", language: "de", currency: "CHF" });
    for (const nothing of [null, undefined, {}]) expect(settingsAfter(own, nothing)).toEqual(own);
  });

  it("that were stored by somebody else's version of this service are neither lost nor checked", () => {
    const own = { timezone: "Mars/Olympus", planet: "mars" } as Settings;
    expect(settingsAfter(own, { language: "de" })).toEqual({ timezone: "Mars/Olympus", planet: "mars", language: "de" });
  });
});

describe("what holds", () => {
  const settings = fc.record({ timezone: fc.constantFrom("UTC", "Asia/Tokyo"), language: fc.constantFrom("de", "fr"), currency: fc.constantFrom("EUR", "JPY"), weekStart: fc.constantFrom(...Object.values(Weekday)) }, { requiredKeys: [] });

  it("where nobody says anything are the defaults", () => {
    expect(effective(DEFAULT_SETTINGS, {})).toEqual({
      timezone: { value: "UTC", from: "default" },
      language: { value: "en", from: "default" },
      currency: { value: "EUR", from: "default" },
      weekStart: { value: "monday", from: "default" },
    });
  });

  it("is each setting by itself: the team's, else the environment's, else the tenant's", () => {
    expect(effective(DEFAULT_SETTINGS, { timezone: "Europe/Berlin", language: "de", currency: "CHF" }, { timezone: "UTC", language: "fr" }, { timezone: "Asia/Tokyo" })).toEqual({
      timezone: { value: "Asia/Tokyo", from: "team" },
      language: { value: "fr", from: "environment" },
      currency: { value: "CHF", from: "tenant" },
      weekStart: { value: "monday", from: "default" },
    });
  });

  it("is always what the innermost says who says anything, and says whose it is", () => {
    fc.assert(
      fc.property(settings, fc.option(settings), fc.option(settings), (tenant, environment, team) => {
        const held = effective(DEFAULT_SETTINGS, tenant, environment, team);
        const says: Record<SettingSource, Settings | null> = { default: DEFAULT_SETTINGS, tenant, environment, team };
        for (const key of SETTING_KEYS) {
          const inwards = [SettingSource.TEAM, SettingSource.ENVIRONMENT, SettingSource.TENANT, SettingSource.DEFAULT];
          const from = inwards.find((source) => says[source]?.[key] !== undefined);
          expect(held[key]).toEqual({ from, value: says[from as SettingSource]?.[key] });
        }
      }),
    );
  });
});
