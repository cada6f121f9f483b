import { posix, win32 } from "node:path";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, it, vi } from "vitest";
import { logFields, messageSubject, sessionPath, subjectFilter, tenantContext } from "../src/index.js";
import { contextOf, kinds, type Parts } from "./cases.js";
import { contextsApart, oneContext } from "./near.js";

const everyKind = Object.entries(kinds);

/** An assertion that a million runs can afford. */
function hold(truth: boolean, what: string, ...shown: unknown[]): void {
  if (!truth) throw new Error([what, ...shown.map((each) => JSON.stringify(each))].join(" "));
}

/** Deep equality of plain objects and arrays, at a tenth of what isDeepStrictEqual costs. */
function same(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  const members = Object.keys(one) as (keyof typeof one)[];
  return members.length === Object.keys(other).length && members.every((member) => same(one[member], other[member]));
}

/** Each value's name is its own and parses back; equal names belong to equal values, of neighbours and of all that are drawn together. */
function holdApart(all: readonly Parts[]): void {
  for (const [kind, { codec, value, form, longest }] of everyKind) {
    const named = new Map<string, unknown>();
    let before: { mine: unknown; name: string } | undefined;
    for (const parts of all) {
      const mine = value(parts);
      const name = codec.print(mine);
      if (before) hold((name === before.name) === same(mine, before.mine), "has one name for two values, or two for one:", kind, mine, before.mine, name, before.name);
      hold(!named.has(name) || same(named.get(name), mine), "has one name for two values:", kind, mine, named.get(name), name);
      hold(same(codec.parse(name), mine), "parses back as another value:", kind, mine, name);
      hold(form.test(name), "leaves a segment:", kind, name);
      hold(name.length <= longest, "is too long:", kind, name);
      named.set(name, mine);
      before = { mine, name };
    }
  }
}

/** What is drawn together. A failure tells the seed of its thousand, and fast-check that of all. */
const AT_ONCE = 1_000;
const ofThousands = (thousands: number, holds: (seed: number) => void) => fc.assert(fc.property(fc.noShrink(fc.integer()), holds), { numRuns: thousands });

/** As a NATS server reads a subscription. */
function delivers(filter: string, subject: string): boolean {
  const words = subject.split(".");
  return filter.split(".").every((wanted, at) => (wanted === ">" ? words.length > at : wanted === "*" || wanted === words[at]));
}

function holdSubscriptions(one: Parts, other: Parts): void {
  const [mine, theirs] = [contextOf(one), contextOf(other)];
  const [my, their] = [messageSubject.print({ context: mine, channel: one[3] }), messageSubject.print({ context: theirs, channel: other[3] })];
  const { tenant, environment } = mine;
  hold([{ tenant }, { tenant, environment }, mine].every((scope) => delivers(subjectFilter(scope), my)), "keeps its own back:", mine);
  hold(delivers(subjectFilter({ tenant }), their) === (tenant === theirs.tenant), "takes another tenant's:", mine, theirs);
  const isSameEnvironment = tenant === theirs.tenant && environment === theirs.environment;
  hold(delivers(subjectFilter({ tenant, environment }), their) === isSameEnvironment, "takes another environment's:", mine, theirs);
  hold(!delivers(subjectFilter(mine), their), "takes another team's:", mine, theirs);
}

function holdPath(parts: Parts): void {
  const context = contextOf(parts);
  const path = sessionPath.print({ context, session: parts[4] });
  hold(posix.join("/srv", path) === `/srv/${path}`, "is another path:", path);
  hold(win32.join("C:\\srv", path) === `C:\\srv\\${path.replaceAll("/", "\\")}`, "is another path:", path);
  hold(new URL(path, "https://files.test/srv/").pathname === `/srv/${path}`, "is another path:", path);
  hold(path === path.toLowerCase() && path === path.normalize("NFKC"), "is another path where letters are folded:", path);
  hold(isDeepStrictEqual(logFields.parse(JSON.parse(JSON.stringify(logFields.print(context)))), tenantContext(context)), "logs another context:", context);
}

/** A million takes half a minute on a free processor; what one shares takes longer. */
vi.setConfig({ testTimeout: 600_000 });

describe("of random pairs that are near each other, full of separators, escapes, markers and odd characters", () => {
  it("a million with two contexts: no two values have one name, every name parses back, none leaves its segment or grows too long", () => {
    ofThousands(1_000, (seed) => holdApart(contextsApart(seed, AT_ONCE)));
  });

  it("a hundred thousand in one context: the same for two sessions, channels, keys and owners", () => {
    ofThousands(100, (seed) => holdApart(oneContext(seed, AT_ONCE)));
  });

  it("a hundred thousand: a subscription of a tenant, an environment or a team takes its messages and no other's", () => {
    ofThousands(100, (seed) => {
      const all = contextsApart(seed, AT_ONCE);
      for (const [at, one] of all.slice(0, -1).entries()) holdSubscriptions(one, all[at + 1] as Parts);
    });
  });

  it("a hundred thousand: a path stays below its folder on every kind of disk, a context survives its log line", () => {
    ofThousands(100, (seed) => contextsApart(seed, AT_ONCE).forEach(holdPath));
  });
});
