import { describe, expect, it } from "vitest";
import { validate } from "class-validator";
import { canonicalJson } from "../../src/kernel/canonical-json.js";
import { isUuid } from "../../src/kernel/id.js";
import { idUnder, once } from "../../src/kernel/idempotency.js";
import type { Principal } from "../../src/kernel/principal.js";
import { IdempotencyKey } from "../../src/kernel/validation.js";
import { Project } from "../../src/project/project.entity.js";

const under = (input: Record<string, unknown>, operation = "createProject") => once(operation, { idempotencyKey: "key", ...input }, { project: Project });
const operator = (subject: string): Principal => ({ kind: "platform", subject, name: null, roles: ["operator"], tenantId: null });
const service: Principal = { kind: "service", subject: "olga", name: null, roles: ["service"], tenantId: null, product: "crm" };

describe("a creation", () => {
  it("without a key is not remembered", () => {
    for (const none of [{}, { idempotencyKey: null }, { idempotencyKey: undefined }]) expect(once("createProject", none, { project: Project })).toBeUndefined();
  });

  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ["the order of members, however deep", { a: 1, config: { x: [{ p: 1, q: 2 }], y: null } }, { config: { y: null, x: [{ q: 2, p: 1 }] }, a: 1 }],
    ["the key itself", { idempotencyKey: "one", a: 1 }, { idempotencyKey: "other", a: 1 }],
    ["a member that was left out", { a: 1, b: undefined }, { a: 1 }],
    ["how an instant is held", { at: new Date("2030-01-01T00:00:00.000Z") }, { at: "2030-01-01T00:00:00.000Z" }],
    ["what kind of object it is", Object.assign(new (class Input {})(), { a: 1 }) as object as Record<string, unknown>, { a: 1 }],
  ])("is the same whatever %s", (_what, one, other) => {
    expect(under(one)?.inputHash).toBe(under(other)?.inputHash);
  });

  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ["a value", { a: 1 }, { a: 2 }],
    ["the type of a value", { a: 1 }, { a: "1" }],
    ["the order of a list", { a: [1, 2] }, { a: [2, 1] }],
    ["a member more", { a: 1 }, { a: 1, b: false }],
    ["null and nothing", { a: null }, {}],
    ["how members are nested", { a: { b: 1 }, c: {} }, { a: {}, c: { b: 1 } }],
    ["a member's name that looks like another's text", { 'a":1,"b': 1 }, { a: 1, b: 1 }],
  ])("is another one by %s", (_what, one, other) => {
    expect(under(one)?.inputHash).not.toBe(under(other)?.inputHash);
  });

  it("its input is kept as a hash and nothing else", () => {
    expect(JSON.stringify(under({ secret: "hunter2" }))).not.toContain("hunter2");
  });
});

describe("canonical JSON", () => {
  it("is JSON of the same value, with members in one order", () => {
    const value = { b: [{ d: 1, c: 2 }], a: "ä", 10: 1, 9: 2, __proto__: undefined };
    expect(JSON.parse(canonicalJson(value) ?? "")).toEqual({ 9: 2, 10: 1, a: "ä", b: [{ c: 2, d: 1 }] });
    expect(canonicalJson(undefined)).toBeUndefined();
  });
});

describe("the id of what is its own scope", () => {
  const idOf = (principal: Principal, key = "key", operation = "createTenant") => idUnder(under({ idempotencyKey: key }, operation)!, principal);

  it("is a UUID of version 8, the same whenever it is asked for", () => {
    const id = idOf(operator("olga"));
    expect([isUuid(id), id]).toEqual([true, expect.stringMatching(/^.{8}-.{4}-8.{3}-[89ab].{3}-.{12}$/)]);
    expect(idOf(operator("olga"))).toBe(id);
  });

  it("is another one for another caller, kind of caller, key and operation", () => {
    const ids = [idOf(operator("olga")), idOf(operator("otto")), idOf(service), idOf(operator("olga"), "key2"), idOf(operator("olga"), "key", "createCluster"), idOf(operator('olga","createTenant'), "")];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("does not depend on the input, so that another input is told apart and not made", () => {
    const [one, other] = [{ slug: "one" }, { slug: "other" }].map((input) => idUnder(under(input, "createTenant")!, operator("olga")));
    expect(one).toBe(other);
  });
});

describe("a key", () => {
  class Input {
    @IdempotencyKey()
    idempotencyKey?: unknown;
  }
  const accepted = async (idempotencyKey: unknown) => (await validate(Object.assign(new Input(), { idempotencyKey }))).length === 0;

  it.each([undefined, null, "k", "!", "~", "k".repeat(200), "a/b:c=d", "0190a6f0-7d7a-7cc4-b5a0-6f0b8a3e9c11"])("may be %j", async (key) => expect(await accepted(key)).toBe(true));

  it.each(["", " ", "a b", "a\n", "\t", "é", "\u007f", "k".repeat(201), "\ud83d\ude80", 7])("may not be %j", async (key) => expect(await accepted(key)).toBe(false));
});
