import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AuditEventInput } from "../../src/audit-event/audit-event.append.inputs.js";
import { violationsOf } from "../../src/audit-event/audit-event.append.rules.js";
import { AuditCrud } from "../../src/audit-event/audit-event.entity.js";

const NOW = new Date("2026-03-01T12:00:00.000Z");
const at = (ms: number) => new Date(NOW.getTime() + ms);
const [MINUTE, DAY] = [60_000, 86_400_000];
const event = (more: object = {}) => ({ action: "invoice.pay", crud: AuditCrud.UPDATE, actor: { id: "ada" }, ...more }) as AuditEventInput;
const fieldsOf = (...events: AuditEventInput[]) => violationsOf(events, NOW).map(({ index, field }) => [index, field]);
const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, "v"]));

const ok: [string, object][] = [
  ["nothing but what is required", {}],
  ["an anonymous event without an actor", { actor: null, isAnonymous: true }],
  ["an action in the words of Retraced", { action: "largeTazoTea.purchase" }],
  ["an action of three parts", { action: "crm.lead_2.score" }],
  ["an action of 100 characters", { action: `a.${"b".repeat(98)}` }],
  ["an action that only begins like ours", { action: "auditor.invite" }],
  ["a time at the oldest", { created: at(-7 * DAY) }],
  ["a time of a clock that is ahead", { created: at(5 * MINUTE) }],
  ["an IPv4 address", { sourceIp: "192.0.2.1" }],
  ["an IPv6 address", { sourceIp: "2001:db8::1" }],
  ["an IPv4 address in IPv6", { sourceIp: "::ffff:192.0.2.1" }],
  ["a target of which only the kind is known", { target: { type: "invoice" } }],
  ["a target of which nothing is known", { target: {} }],
  ["fifty fields at the longest", { fields: { ...many(49), [`${"k".repeat(100)}`]: "v".repeat(4_000) } }],
  ["a field without text", { metadata: { a: "" } }],
  ["a project", { projectId: "AAAAAAAA-0000-4000-8000-000000000000" }],
  ["the longest texts", { description: "d".repeat(4_000), userAgent: "u".repeat(1_000), externalId: "e".repeat(255), requestId: "r".repeat(100), actor: { id: "i".repeat(255), href: "h".repeat(2_000) } }],
  ["nulls for all that is not known", { target: null, created: null, sourceIp: null, userAgent: null, description: null, isFailure: null, isAnonymous: null, fields: null, metadata: null, component: null, version: null, externalId: null, requestId: null, projectId: null }],
];

const wrong: [string, object, string][] = [
  ["an action without a dot", { action: "pay" }, "action"],
  ["an action with a space", { action: "invoice. pay" }, "action"],
  ["an action that ends in a dot", { action: "invoice." }, "action"],
  ["an action of 101 characters", { action: `a.${"b".repeat(99)}` }, "action"],
  ["an action that is no text", { action: 7 }, "action"],
  ["an action about the log itself", { action: "audit.erase_person" }, "action"],
  ["the same in capitals", { action: "Audit.Purge" }, "action"],
  ["an unknown crud", { crud: "x" }, "crud"],
  ["no crud", { crud: undefined }, "crud"],
  ["no actor", { actor: null }, "actor"],
  ["an actor of an anonymous event", { isAnonymous: true }, "actor"],
  ["an actor without an id", { actor: {} }, "actor.id"],
  ["an actor with an empty id", { actor: { id: "" } }, "actor.id"],
  ["an actor with an id of 256 characters", { actor: { id: "i".repeat(256) } }, "actor.id"],
  ["an actor with an id that is no text", { actor: { id: 1 } }, "actor.id"],
  ["an actor's address of 2,001 characters", { actor: { id: "ada", href: "h".repeat(2_001) } }, "actor.href"],
  ["an actor with a field that is no text", { actor: { id: "ada", fields: { a: 1 } } }, "actor.fields"],
  ["a target with a type of 101 characters", { target: { type: "t".repeat(101) } }, "target.type"],
  ["a target with an empty name", { target: { name: "" } }, "target.name"],
  ["a millisecond older than seven days", { created: at(-7 * DAY - 1) }, "created"],
  ["a millisecond more than five minutes ahead", { created: at(5 * MINUTE + 1) }, "created"],
  ["no time at all", { created: new Date("never") }, "created"],
  ["a time as text", { created: NOW.toISOString() }, "created"],
  ["a name instead of an address", { sourceIp: "localhost" }, "sourceIp"],
  ["a network", { sourceIp: "192.0.2.0/24" }, "sourceIp"],
  ["an address with the name of a card", { sourceIp: "fe80::1%eth0" }, "sourceIp"],
  ["a description of 4,001 characters", { description: "d".repeat(4_001) }, "description"],
  ["an empty description", { description: "" }, "description"],
  ["a null character", { description: "a\0b" }, "description"],
  ["half of a pair", { component: "\ud800" }, "component"],
  ["a request id of 101 characters", { requestId: "r".repeat(101) }, "requestId"],
  ["an empty external id", { externalId: "" }, "externalId"],
  ["a failure that is no truth", { isFailure: "yes" }, "isFailure"],
  ["fields that are a list", { fields: ["a"] }, "fields"],
  ["fifty-one fields", { fields: many(51) }, "fields"],
  ["a field without a name", { fields: { "": "v" } }, "fields"],
  ["a field with a name of 101 characters", { fields: { ["k".repeat(101)]: "v" } }, "fields"],
  ["a field with half of a pair in its name", { fields: { "\udc00": "v" } }, "fields"],
  ["a field of 4,001 characters", { fields: { a: "v".repeat(4_001) } }, "fields"],
  ["a field with a null character", { metadata: { a: "\0" } }, "metadata"],
  ["a field within a field", { metadata: { a: { b: "c" } } }, "metadata"],
  ["a project that is no id", { projectId: "p1" }, "projectId"],
];

describe("what a product may append", () => {
  it.each(ok)("%s", (_, more) => expect(violationsOf([event(more)], NOW)).toEqual([]));
});

describe("what it may not", () => {
  it.each(wrong)("%s", (_, more, field) => {
    expect(fieldsOf(event(more))).toEqual([[0, field]]);
    expect(violationsOf([event(more)], NOW)[0]?.message).toMatch(new RegExp(`^${field} `));
  });
});

describe("violations", () => {
  it("are all told, each with its place", () => {
    expect(fieldsOf(event({ action: "x", description: "", fields: { "": 1 } }), event(), event({ actor: null, created: at(DAY) }))).toEqual([
      [0, "action"], [0, "description"], [0, "fields"], [0, "fields"], [2, "actor"], [2, "created"],
    ]);
  });

  it("repeat no value", () => {
    for (const [, more] of wrong) expect(JSON.stringify(violationsOf([event({ ...more, description: "s3cret\0" })], NOW))).not.toContain("s3cret");
  });

  it("two events under one external id must say the same", () => {
    const named = (more: object = {}) => event({ externalId: "e-1", ...more });
    expect(fieldsOf(named(), event(), named())).toEqual([]);
    expect(fieldsOf(named(), named({ externalId: "e-2" }))).toEqual([]);
    expect(fieldsOf(named(), named({ description: "else" }), named())).toEqual([[1, "externalId"]]);
  });

  it("are found in whatever comes, and nothing is thrown", () => {
    const anything = fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true });
    const members = ["action", "crud", "actor", "target", "created", "sourceIp", "userAgent", "description", "isFailure", "isAnonymous", "fields", "metadata", "component", "version", "externalId", "requestId", "projectId"];
    const events = fc.array(fc.record(Object.fromEntries(members.map((member) => [member, anything])), { requiredKeys: [] }), { maxLength: 3 });
    fc.assert(fc.property(events, (some) => void violationsOf(some as unknown as AuditEventInput[], NOW)));
  });
});
