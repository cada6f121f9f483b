import fc from "fast-check";
import { GraphQLObjectType, GraphQLScalarType, GraphQLSchema } from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonBytes } from "../../src/kernel/answer-size.js";
import { startServer, type OwnServer } from "./own-server.js";
import { post } from "./wire.js";

/** Lists inside lists; not recursive itself. */
function deep(levels: number): unknown[] {
  let list: unknown[] = [];
  for (let level = 1; level < levels; level += 1) list = [list];
  return list;
}

describe("the measured size of an answer", () => {
  const written = (value: unknown) => Buffer.byteLength(JSON.stringify(value));

  it.each<[string, unknown]>([
    ["nothing", {}],
    ["members that are left out", { data: { a: 1 }, errors: undefined, f: () => 1, s: Symbol("s") }],
    ["places that are null in a list", [undefined, () => 1, Symbol("s"), NaN, Infinity, null]],
    ["times", { at: new Date(0), never: new Date(NaN) }],
    ["escaped characters", ['"', "\\", "\n", "\u0001", "\u007f", "\u2028", "ä", "\u{1F600}", "\ud800"]],
    ["escaped keys", { '"\n': 1, ä: 2 }],
    ["objects without a prototype", Object.assign(Object.create(null), { id: "x", more: Object.create(null) })],
    ["the same object twice", ((one) => [one, one, { one }])({ a: "b" })],
  ])("is what JSON.stringify writes: %s", (_what, value) => {
    expect(jsonBytes(value, Infinity)).toBe(written(value));
  });

  it("is what JSON.stringify writes, whatever the answer", () => {
    const text = fc.string({ unit: "binary" });
    const anything = fc.anything({ withNullPrototype: true, withDate: true, key: text, values: [text, fc.double(), fc.boolean(), fc.constantFrom(null, undefined)] });
    fc.assert(
      fc.property(fc.array(anything), (value) => {
        expect(jsonBytes(value, Infinity)).toBe(written(value));
      }),
      { numRuns: 1_000 },
    );
  });

  it("is not measured further than it matters: what is shared a billion times is looked at a few times", () => {
    let looks = 0;
    const leaf = { get name() { return (looks += 1), "x".repeat(100); } };
    let shared: unknown = leaf;
    for (let level = 0; level < 30; level += 1) shared = [shared, shared];
    expect(jsonBytes(shared, 1_000)).toBeGreaterThan(1_000);
    expect(looks).toBeLessThan(12);
  });
});

describe("an answer that JSON cannot express", () => {
  const around: unknown[] = [];
  around.push({ around });
  const values: Record<string, unknown> = {
    aBigInt: { seats: 10n },
    aCircle: around,
    anUnwilling: { toJSON() { throw new Error("canary"); } },
    aDeepOne: deep(100_000),
    aDeepOneForTheStack: deep(1_010),
  };
  const any = new GraphQLScalarType({ name: "Anything", serialize: (value) => value });
  const fields = Object.fromEntries(Object.entries({ ...values, plain: { seats: deep(900) } }).map(([name, value]) => [name, { type: any, resolve: () => value }]));
  let server: OwnServer;
  beforeAll(async () => {
    server = await startServer({ schema: new GraphQLSchema({ query: new GraphQLObjectType({ name: "Query", fields }) }) });
  });
  afterAll(() => server.app.close());

  it.each(Object.keys(values))("is masked, logged, and refers to its log line: %s", async (name) => {
    const before = server.logged.length;
    const answer = await post(server.url, { query: `{ ${name} }` });
    const reference = answer.headers.get("x-request-id");
    expect([answer.status, answer.json]).toEqual([
      500,
      { errors: [{ message: "Something went wrong on our side", extensions: { code: "INTERNAL_SERVER_ERROR", reference } }] },
    ]);
    const errors = server.logged.slice(before).filter((line) => Number(line["level"]) >= 50);
    expect(errors).toEqual([expect.objectContaining({ msg: "internal error", requestId: reference, err: expect.anything() })]);
  });

  it("does not keep the next one from being answered", async () => {
    expect((await post(server.url, { query: "{ plain }" })).status).toBe(200);
  });
});
