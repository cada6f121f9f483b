import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { NameRefusedError, type SecretOwner, secretPaths, sessionPath, stateKey, type TenantContext } from "../src/index.js";
import { anyParts, kinds, type Parts } from "./cases.js";
import { neverPlain } from "./places.js";
import { rows } from "./table.js";

vi.setConfig({ testTimeout: 600_000 });

const codecs = Object.values(kinds).map(({ codec }) => codec);

/** undefined for a refusal. Any other error fails the test. */
function unlessRefused<T>(attempt: () => T): T | undefined {
  try {
    return attempt();
  } catch (error) {
    if (error instanceof NameRefusedError) return undefined;
    throw error;
  }
}

describe("a hundred thousand hostile texts", () => {
  const alphabet = fc.constantFrom(..."abz09_-=/:.>*%é\0\nA ", "/teams/", "/environments/", "=2e", "=2E", "=61", ".cbor", "default", "global", "/../", "bots", "con");
  const name = anyParts.chain((parts) => fc.constantFrom(...Object.values(kinds)).map(({ codec, value }) => codec.print(value(parts))));
  const misspelt = fc.tuple(name, fc.nat(400), fc.nat(8), fc.array(alphabet, { maxLength: 3 })).map(([text, at, cut, put]) => {
    const from = at % (text.length + 1);
    return text.slice(0, from) + put.join("") + text.slice(from + cut);
  });
  const spliced = fc.tuple(name, name, fc.nat(400), fc.nat(400)).map(([one, other, end, start]) => one.slice(0, end % (one.length + 1)) + other.slice(start % (other.length + 1)));

  it("are refused, or are a name, spelt exactly as its value is, of one grammar only", () => {
    const read = { names: 0, refused: 0 };
    fc.assert(
      fc.property(fc.oneof({ arbitrary: misspelt, weight: 6 }, { arbitrary: spliced, weight: 2 }, fc.string({ unit: "binary" }), fc.string()), (text) => {
        const readers = codecs.filter(({ print, parse }) => {
          const value = unlessRefused(() => parse(text));
          if (value !== undefined && print(value) !== text) throw new Error(`${JSON.stringify(text)} is another spelling of ${print(value)}`);
          return value !== undefined;
        });
        if (readers.length > 1) throw new Error(`${text} is a name in ${readers.length} grammars`);
        read[readers.length === 1 ? "names" : "refused"] += 1;
      }),
      { numRuns: 100_000 },
    );
    // Neither half of the sentence is empty.
    expect(Math.min(read.names, read.refused)).toBeGreaterThan(10_000);
  });
});

describe("a hundred thousand pairs with components that were never checked", () => {
  /** Some of the parts replaced by something that separates, escapes or means something. */
  const hostile = fc.tuple(anyParts, fc.array(fc.tuple(fc.nat(5), fc.constantFrom(...neverPlain.filter(({ length }) => length < 100), "a:b:c", "a/teams/b", "acme.prod", "a/b/c")), { maxLength: 2 })).map(([parts, changes]) => {
    const changed = [...parts] as Parts;
    for (const [at, text] of changes) changed[at] = text;
    return changed;
  });

  it("whatever is let through has a name of its own, which parses back", () => {
    let letThrough = 0;
    fc.assert(
      fc.property(hostile, hostile, (one, other) => {
        for (const { codec, value } of Object.values(kinds)) {
          const names = [one, other].map((parts) => unlessRefused(() => codec.print(value(parts))));
          const texts = [one, other].map((parts) => JSON.stringify(value(parts)));
          if (names[0] === undefined) continue;
          letThrough += 1;
          if ((names[0] === names[1]) !== (texts[0] === texts[1])) throw new Error(`${names[0]} names ${texts.join(" and ")}`);
          if (JSON.stringify(codec.parse(names[0])) !== texts[0]) throw new Error(`${names[0]} does not parse back as ${texts[0]}`);
        }
      }),
      { numRuns: 100_000 },
    );
    expect(letThrough).toBeGreaterThan(100_000);
  });
});

describe("every value of a small world", () => {
  const slugs = ["a", "b", "a-b", "b-a", "teams", "environments", "bots", "users", "system", "orgs", "tenants"];
  const some = [null, ...slugs.slice(0, 6)];
  const keys = ["a", "a-b", "system", "secrets"].flatMap((first) => [[first], [first, "a"], [first, "default"]]);
  const contexts = slugs.flatMap((tenant) => slugs.flatMap((environment) => some.map((team): TenantContext => ({ tenant, environment, team }))));
  const owners = slugs.flatMap((tenant) => some.flatMap((environment) => some.map((team): SecretOwner => ({ kind: "tenant", tenant, environment, team }))));
  const people = slugs.flatMap((tenant) => some.flatMap((environment) => [...slugs, "A", "a/b"].flatMap((id): SecretOwner[] => [
    { kind: "bot", tenant, environment, bot: id }, { kind: "user", tenant, environment, user: id },
  ])));
  const clusters = slugs.map((cluster): SecretOwner => ({ kind: "cluster", cluster }));

  it.each([sessionPath, stateKey])("as many names as contexts and sessions (%#)", ({ print }) => {
    const sessions = ["a", "b", "A", "=41", "a-b", "default", "a.cbor", "a/b", "a:b", "con", "=63on", "é", "e\u0301"];
    const values = contexts.flatMap((context) => sessions.map((session) => ({ context, session })));
    expect(new Set(values.map((value) => print(value))).size).toBe(values.length);
  });

  it.each([
    ["secrets", [{ kind: "system" }, ...owners]],
    ["gbo", [{ kind: "system" }, ...clusters, ...owners, ...people]],
  ] as [keyof typeof secretPaths, SecretOwner[]][])("as many paths of the profile %s as owners and keys", (profile, all) => {
    const values = all.flatMap((owner) => keys.map((key) => ({ owner, key })));
    const names = values.map((value) => secretPaths[profile].print(value));
    expect(new Set(names).size).toBe(values.length);
    expect(names.map((name) => secretPaths[profile].parse(name))).toEqual(values);
  });

  it("no name of the table is a name of two kinds", () => {
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
  });
});
