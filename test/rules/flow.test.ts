import { describe, expect, it } from "vitest";
import { bodyProblems, bytesOf, MAX_BODY_BYTES, MAX_NODES, refuseUnfitBody, refuseUnfitName } from "../../src/flow/flow.rules.js";
import { Fault } from "../../src/kernel/fault.js";

const NODE = { id: "greet", type: "reply", config: { message: "Welcome" } };
const FIT = { version: "1.0", nodes: [NODE] };
const nested = (depth: number): unknown => (depth === 0 ? 1 : { in: nested(depth - 1) });
const nodes = (count: number) => Array.from({ length: count }, (_, at) => ({ id: `n${at}`, type: "reply" }));
/** A body of exactly so many bytes. */
const ofBytes = (bytes: number) => {
  const body = (text: string) => ({ nodes: [{ ...NODE, config: { text } }] });
  return body("x".repeat(bytes - bytesOf(body(""))));
};
const thrown = (work: () => void): Partial<Fault> => {
  try {
    work();
  } catch (error) {
    return error as Fault;
  }
  return {};
};

describe("a flow's name", () => {
  it.each(["", "-a", "a-", "_a", "a_", "A", "a.b", "a b", "a/b", "é", "a\n", "a".repeat(65)])("%j is refused", (name) => {
    expect(thrown(() => refuseUnfitName(name))).toMatchObject({ code: "BAD_USER_INPUT", field: "name" });
  });

  it.each(["a", "acme_support_flow", "a-b", "9", "a".repeat(64)])("%j is one", (name) => {
    expect(thrown(() => refuseUnfitName(name))).toEqual({});
  });
});

describe("a version's body", () => {
  it.each<[what: string, body: unknown, place: string[], rule: RegExp]>([
    ["is an object", [], [], /an object/],
    ["is not nothing", null, [], /an object/],
    ["has nodes", {}, ["nodes"], /1 to 500/],
    ["has nodes in a list", { nodes: {} }, ["nodes"], /1 to 500/],
    ["has one node at least", { nodes: [] }, ["nodes"], /1 to 500/],
    [`has ${MAX_NODES} nodes at most`, { nodes: nodes(MAX_NODES + 1) }, ["nodes"], /1 to 500/],
    ["has a text as its version", { ...FIT, version: 1 }, ["version"], /1 to 40/],
    ["has no endless version", { ...FIT, version: "1".repeat(41) }, ["version"], /1 to 40/],
    ["has no empty version", { ...FIT, version: "" }, ["version"], /1 to 40/],
    ["has a text as its description", { ...FIT, description: null }, ["description"], /1 to 2000/],
    ["has nothing that flows do not have", { ...FIT, edges: [] }, [], /version, description, nodes/],
    ["has nothing that is misspelt", { ...FIT, verison: "1.0" }, [], /did you mean version\?/],
    ["does not have the name in it", { ...FIT, name: "acme" }, [], /beside the body/],
    ["has objects as nodes", { nodes: [NODE, "reply"] }, ["nodes", "1"], /an object/],
    ["has nodes with an id", { nodes: [{ type: "reply" }] }, ["nodes", "0", "id"], /lower-case/],
    ["has ids that are keys", { nodes: [{ ...NODE, id: "Greet" }] }, ["nodes", "0", "id"], /lower-case/],
    ["has each id once", { nodes: [NODE, NODE] }, ["nodes", "1", "id"], /another node/],
    ["has nodes with a type", { nodes: [{ id: "a" }] }, ["nodes", "0", "type"], /lower-case letter/],
    ["has types that are labels", { nodes: [{ ...NODE, type: "Reply!" }] }, ["nodes", "0", "type"], /lower-case letter/],
    ["has objects as configs", { nodes: [{ ...NODE, config: [] }] }, ["nodes", "0", "config"], /an object/],
    ["is not nested without end", { nodes: [{ ...NODE, config: nested(18) }] }, [], /20 levels/],
    ["has texts that can be stored", { nodes: [{ ...NODE, config: { a: "\0" } }] }, [], /well-formed/],
    ["has texts that are whole", { nodes: [{ ...NODE, config: { a: ["\ud800"] } }] }, [], /well-formed/],
    ["has names that can be stored", { nodes: [{ ...NODE, config: { "a\0": 1 } }] }, [], /well-formed/],
    ["has numbers that JSON has", { nodes: [{ ...NODE, config: { a: Infinity } }] }, [], /from 1e-20 to 1e20/],
    ["has no number that is stored in hundreds of digits", { nodes: [{ ...NODE, config: { a: [1e308] } }] }, [], /from 1e-20 to 1e20/],
    ["has no number that is stored in hundreds of zeros", { nodes: [{ ...NODE, config: { a: 5e-324 } }] }, [], /from 1e-20 to 1e20/],
    ["has no member that no request can carry", { nodes: [{ ...NODE, config: JSON.parse('{"__proto__":1}') }] }, [], /__proto__/],
    [`is ${MAX_BODY_BYTES} bytes at most`, ofBytes(MAX_BODY_BYTES + 1), [], /65536 bytes/],
  ])("%s", (_, body, place, rule) => {
    const [problem, ...more] = bodyProblems(body);
    expect([problem?.place, more]).toEqual([place, []]);
    expect(problem?.rule).toMatch(rule);
  });

  it.each<[string, object]>([
    ["what the seeds have", FIT],
    ["only nodes", { nodes: [{ id: "a", type: "b" }] }],
    ["nodes with members of their own", { nodes: [{ ...NODE, next: ["end"], when: null }] }],
    [`${MAX_NODES} nodes`, { nodes: nodes(MAX_NODES) }],
    [`${MAX_BODY_BYTES} bytes`, ofBytes(MAX_BODY_BYTES)],
    ["a nesting of 20", { nodes: [{ ...NODE, config: nested(17) }] }],
    ["members that objects have anyway", { nodes: [{ ...NODE, config: { toString: 2, hasOwnProperty: 3 } }] }],
  ])("can be %s", (_, body) => {
    expect(bodyProblems(body)).toEqual([]);
  });

  it("is told of at most 50 problems", () => {
    expect(bodyProblems({ nodes: Array.from({ length: 100 }, () => 1) })).toHaveLength(50);
  });

  it("is not read to its end by recursion, however deep it is", () => {
    const body = JSON.parse(`{"nodes":${"[".repeat(100_000)}${"]".repeat(100_000)}}`);
    expect(bodyProblems(body)).toMatchObject([{ rule: expect.stringContaining("20 levels") }]);
  });

  it("is refused by place, and nothing of what it says is repeated", () => {
    const refusal = thrown(() => refuseUnfitBody({ nodes: [{ ...NODE, type: "SECRET" }] }));
    expect(refusal).toMatchObject({ code: "BAD_USER_INPUT", field: "body.nodes.0.type" });
    expect(refusal.message).not.toContain("SECRET");
    expect(thrown(() => refuseUnfitBody({ ...FIT, SECRET: 1 })).message).not.toContain("SECRET");
  });
});
