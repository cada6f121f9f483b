import { posix, win32 } from "node:path";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, it, vi } from "vitest";
import { logFields, messageSubject, sessionPath, subjectFilter, tenantContext } from "../src/index.js";
import { anyParts, contextOf, contextsApart, kinds, oneContext, type Parts } from "./cases.js";

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

function holdApart([one, other]: [Parts, Parts]): void {
  for (const [kind, { codec, value, form, longest }] of everyKind) {
    const mine = value(one);
    const theirs = value(other);
    const name = codec.print(mine);
    const theirName = codec.print(theirs);
    hold((name === theirName) === same(mine, theirs), "has one name for two values, or two for one:", kind, mine, theirs, name, theirName);
    hold(same(codec.parse(name), mine), "parses back as another value:", kind, mine, name);
    hold(form.test(name), "leaves a segment:", kind, name);
    hold(name.length <= longest, "is too long:", kind, name);
  }
}

/** As a NATS server reads a subscription. */
function delivers(filter: string, subject: string): boolean {
  const words = subject.split(".");
  return filter.split(".").every((wanted, at) => (wanted === ">" ? words.length > at : wanted === "*" || wanted === words[at]));
}

/** A million takes a minute on a free processor; what one shares takes longer. */
vi.setConfig({ testTimeout: 600_000 });

describe("of random pairs that are near each other, full of separators, escapes, markers and odd characters", () => {
  it("a million with two contexts: no two values have one name, every name parses back, none leaves its segment or grows too long", () => {
    fc.assert(fc.property(contextsApart, holdApart), { numRuns: 1_000_000 });
  });

  it("a hundred thousand in one context: the same for two sessions, channels, keys and owners", () => {
    fc.assert(fc.property(oneContext, holdApart), { numRuns: 100_000 });
  });

  it("a hundred thousand: a subscription of a tenant, an environment or a team takes its messages and no other's", () => {
    fc.assert(
      fc.property(contextsApart, ([one, other]) => {
        const [mine, theirs] = [contextOf(one), contextOf(other)];
        const [my, their] = [mine, theirs].map((context, at) => messageSubject.print({ context, channel: [one, other][at]?.[3] ?? "" })) as [string, string];
        const { tenant, environment } = mine;
        hold([{ tenant }, { tenant, environment }, mine].every((scope) => delivers(subjectFilter(scope), my)), "keeps its own back:", mine);
        hold(delivers(subjectFilter({ tenant }), their) === (tenant === theirs.tenant), "takes another tenant's:", mine, theirs);
        const sameEnvironment = tenant === theirs.tenant && environment === theirs.environment;
        hold(delivers(subjectFilter({ tenant, environment }), their) === sameEnvironment, "takes another environment's:", mine, theirs);
        hold(!delivers(subjectFilter(mine), their), "takes another team's:", mine, theirs);
      }),
      { numRuns: 100_000 },
    );
  });

  it("a hundred thousand: a path stays below its folder on every kind of disk, a context survives its log line", () => {
    fc.assert(
      fc.property(anyParts, (parts) => {
        const context = contextOf(parts);
        const path = sessionPath.print({ context, session: parts[4] });
        hold(posix.join("/srv", path) === `/srv/${path}`, "is another path:", path);
        hold(win32.join("C:\\srv", path) === `C:\\srv\\${path.replaceAll("/", "\\")}`, "is another path:", path);
        hold(new URL(path, "https://files.test/srv/").pathname === `/srv/${path}`, "is another path:", path);
        hold(path === path.toLowerCase() && path === path.normalize("NFKC"), "is another path where letters are folded:", path);
        hold(isDeepStrictEqual(logFields.parse(JSON.parse(JSON.stringify(logFields.print(context)))), tenantContext(context)), "logs another context:", context);
      }),
      { numRuns: 100_000 },
    );
  });
});
