import { describe, expect, it } from "vitest";
import {
  isKey, isReservedName, isSlug, KEY_RULE, logFields, messageSubject, NameRefusedError, resourceName, secretPaths, SLUG_RULE, sessionPath,
  stateKey, subjectFilter, tenantContext,
} from "../src/index.js";
import { devices, encodedPlaces, keyPlaces, neverPlain, noTexts, type Print, refusal, slugPlaces } from "./places.js";
import { support } from "./table.js";

/** Everything that was let through, as a text to read. */
const letThrough = (part: string, prints: readonly Print[], values: readonly unknown[]) =>
  prints.flatMap((print) => values.filter((value) => refusal(() => print(value as never))?.part !== part).map((value) => `${print}: ${String(value).slice(0, 40)}`));

describe("a component that could be taken for something else is refused at every place of every name", () => {
  it.each(Object.entries(slugPlaces))("%s", (part, prints) => {
    expect(letThrough(part, prints, [...neverPlain, ...noTexts, "a_b", "a".repeat(41), "default", "global", ...devices])).toEqual([]);
  });

  it.each(Object.entries(keyPlaces))("%s", (part, prints) => {
    expect(letThrough(part, prints, [...neverPlain, ...noTexts, ...devices, null])).toEqual([]);
  });

  it.each(Object.entries(encodedPlaces))("%s: only what is no text, is half a character, or is too long", (part, prints) => {
    const tooLong = ["a".repeat(251), "A".repeat(84), "é".repeat(42), "😀".repeat(21), `${"a".repeat(248)}.`, "a".repeat(5_000_000)];
    expect(letThrough(part, prints, ["", "\ud800", "a\udfff", "\ude00\ud83d", ...tooLong, ...noTexts, null])).toEqual([]);
  });

  it("but the longest of each is let through", () => {
    const slug = "a".repeat(40);
    const context = tenantContext({ tenant: slug, environment: slug, team: slug });
    for (const session of ["a".repeat(250), `${"A".repeat(83)}a`, "é".repeat(41), "😀".repeat(20)]) {
      expect(sessionPath.parse(sessionPath.print({ context, session }))).toEqual({ context, session });
      expect(stateKey.parse(stateKey.print({ context, session }))).toEqual({ context, session });
      const inTeam = { ...context, item: { kind: "sessions" as const, id: session } };
      expect(resourceName.parse(resourceName.print(inTeam))).toEqual(inTeam);
    }
    expect(messageSubject.print({ context, channel: slug })).toHaveLength(190);
    expect(secretPaths.secrets.print({ owner: { kind: "system" }, key: ["k".repeat(64), "k".repeat(64), "k".repeat(64), "k".repeat(64)] })).toHaveLength(274);
  });
});

describe("a value that has no name is refused", () => {
  const system = { kind: "system" } as const;
  const owner = { kind: "bot", tenant: "a".repeat(40), environment: "a".repeat(40), bot: "a".repeat(128) } as const;
  const item = (kind: string, id: string, place: { environment?: null; team?: null } = {}) => () => resourceName.print({ ...support, ...place, item: { kind: kind as "flows", id } });

  it.each<[string, string, () => unknown]>([
    ["a secret of no key", "key", () => secretPaths.gbo.print({ owner: system, key: [] })],
    ["a secret of five key parts", "key", () => secretPaths.gbo.print({ owner: system, key: ["a", "b", "c", "d", "e"] })],
    ["a secret whose key says that it has a billion parts", "key", () => secretPaths.gbo.print({ owner: system, key: Object.assign([], { length: 1e9 }) })],
    ["a secret whose key has a hole", "key", () => secretPaths.gbo.print({ owner: system, key: Object.assign(["a"], { 2: "b" }) })],
    ["a secret whose key is one text", "key", () => secretPaths.gbo.print({ owner: system, key: "ab" as unknown as string[] })],
    ...["environments", "teams", "bots", "users"].flatMap((word) => [[word, "a", "b"], ["a", word, "b"], ["a", "b", word], [word]].map((key): [string, string, () => unknown] => [
      `a secret of the key ${key.join("/")}`, "key", () => secretPaths.secrets.print({ owner: { kind: "tenant", ...support }, key }),
    ])),
    ["a secret's path of more than 400 characters", "name", () => secretPaths.gbo.print({ owner, key: ["k".repeat(64), "k".repeat(64), "k".repeat(64)] })],
    ["a cluster in the layout that has none", "name", () => secretPaths.secrets.print({ owner: { kind: "cluster", cluster: "prod" }, key: ["a"] })],
    ["a bot in the layout that has none", "name", () => secretPaths.secrets.print({ owner: { ...owner, bot: "helper" }, key: ["a"] })],
    ["a user in the layout that has none", "name", () => secretPaths.secrets.print({ owner: { kind: "user", tenant: "acme", environment: null, user: "ada" }, key: ["a"] })],
    ...["constructor", "__proto__", "toString", ""].flatMap((kind): [string, string, () => unknown][] => [
      [`an owner of the kind "${kind}"`, "name", () => secretPaths.gbo.print({ owner: { kind } as typeof system, key: ["a"] })],
      [`a resource of the kind "${kind}"`, "name", item(kind, "a")],
    ]),
    ["a channel of no team", "team", item("channels", "slack", { team: null })],
    ["a session of no environment", "environment", item("sessions", "1", { environment: null })],
    ["a context of null", "name", () => stateKey.print({ context: null as never, session: "1" })],
    ["an owner of null", "name", () => secretPaths.gbo.print({ owner: null as never, key: ["a"] })],
    ["an item that was forgotten", "name", () => resourceName.print({ ...support, item: undefined as never })],
    ["an environment of null where every name has one", "environment", () => stateKey.print({ context: { ...support, environment: null as never }, session: "1" })],
    ["a filter of no tenant", "tenant", () => subjectFilter({} as { tenant: string })],
    ["a filter of every environment's name", "environment", () => subjectFilter({ tenant: "acme", environment: "*" })],
    ["a filter of an environment of null", "environment", () => subjectFilter({ tenant: "acme", environment: null as never })],
    ["a filter of a team of that name", "team", () => subjectFilter({ tenant: "acme", team: "default" })],
  ])("%s", (_what, part, print) => {
    expect(refusal(print)?.part).toBe(part);
  });

  it.each([sessionPath, stateKey, messageSubject, secretPaths.secrets, secretPaths.gbo, resourceName, logFields])("nothing at all (%#)", ({ print, parse }) => {
    for (const nothing of [undefined, null, "acme", 7]) {
      expect(refusal(() => print(nothing as never))).toBeInstanceOf(NameRefusedError);
      expect(refusal(() => parse(nothing as never))).toBeInstanceOf(NameRefusedError);
    }
  });
});

describe("a refusal", () => {
  it("says which part and which rule, and repeats nothing of what it refused", () => {
    const told = (attempt: () => unknown) => ({ ...refusal(attempt) });
    expect(told(() => tenantContext({ tenant: "Seven/../eight", environment: "prod" }))).toEqual({ name: "NameRefusedError", part: "tenant", rule: SLUG_RULE });
    expect(told(() => tenantContext({ tenant: "acme", environment: "prod", team: "default" }))).toEqual({ name: "NameRefusedError", part: "team", rule: "is a reserved name" });
    expect(told(() => secretPaths.gbo.print({ owner: { kind: "system" }, key: ["Seven"] }))).toEqual({ name: "NameRefusedError", part: "key", rule: KEY_RULE });
    expect(refusal(() => tenantContext({ tenant: "Seven/../eight", environment: "prod" }))?.message).toBe(`tenant ${SLUG_RULE}`);
    const secret = "hunter2-Zq";
    for (const print of Object.values({ ...slugPlaces, ...keyPlaces }).flat()) expect(`${refusal(() => print(secret as never))?.stack}`).not.toContain(secret);
    for (const print of Object.values(encodedPlaces).flat()) expect(`${refusal(() => print(`${secret}\ud800` as never))?.stack}`).not.toContain(secret);
    for (const { parse } of [sessionPath, stateKey, messageSubject, secretPaths.secrets, secretPaths.gbo, resourceName]) {
      for (const name of [secret, `gbo/orgs/acme/bots/${secret}/a`, `secrets/acme/${secret}`, `tenants/acme/${secret}/a`, `state:acme:prod:support:${secret}`]) {
        expect(`${refusal(() => parse(name))?.stack}`).not.toContain(secret);
      }
    }
  });
});

describe("what a form asks beforehand is what a name asks", () => {
  const everything = [...neverPlain, ...noTexts, ...devices, "default", "global", "acme", "a_b", "a", "a-b", "7", "a".repeat(40), "a".repeat(41), "a".repeat(64), "constructor", "null"];

  it("a slug is one exactly if it may be a tenant, and a key exactly if it may be a flow", () => {
    const tenant = slugPlaces["tenant"] as readonly Print[];
    const flow = keyPlaces["flow"] as readonly Print[];
    for (const each of everything) {
      expect(isSlug(each as string)).toBe(tenant.every((print) => refusal(() => print(each as never)) === undefined));
      expect(isKey(each as string)).toBe(flow.every((print) => refusal(() => print(each as never)) === undefined));
    }
  });

  it("the reserved names are these", () => {
    expect(everything.filter((each) => isReservedName(each as string))).toEqual([...devices, "default", "global"]);
  });
});

describe("a context", () => {
  it("is frozen, and no longer that of which it was made", () => {
    const parts = { tenant: "acme", environment: "prod", team: "support" };
    const context = tenantContext(parts);
    parts.tenant = "bigcorp";
    expect(context).toEqual(support);
    expect(Object.isFrozen(context)).toBe(true);
    expect(Object.isFrozen(stateKey.parse("state:acme:prod:support:1").context)).toBe(true);
    expect(() => Object.assign(context, { tenant: "bigcorp" })).toThrow(TypeError);
  });

  it("is checked again by every name, whoever put it together", () => {
    const forged = Object.freeze({ ...support, tenant: "../bigcorp" });
    expect(refusal(() => sessionPath.print({ context: forged, session: "1" }))?.part).toBe("tenant");
  });

  it("is read once: a part that answers differently the second time does not get past the check", () => {
    let asked = 0;
    const shifty = { environment: "prod", team: null, get tenant() { return asked++ === 0 ? "acme" : "../bigcorp"; } };
    expect(sessionPath.print({ context: shifty, session: "1" })).toBe("sessions/acme/prod/default/1.cbor");
    const key = Object.defineProperty(["a"], 0, { get: () => (asked++ === 1 ? "a" : "../b") });
    expect(secretPaths.gbo.print({ owner: { kind: "system" }, key })).toBe("gbo/system/a");
    const lengths = [1, 1_000_000_000];
    const growing = new Proxy(["a"], { get: (target, member) => (member === "length" ? lengths.shift() : Reflect.get(target, member)) });
    expect(secretPaths.gbo.print({ owner: { kind: "system" }, key: growing })).toBe("gbo/system/a");
    expect(refusal(() => secretPaths.gbo.print({ owner: { kind: "system" }, key: new Proxy([], { get: () => Number.NaN }) }))?.part).toBe("key");
  });
});
