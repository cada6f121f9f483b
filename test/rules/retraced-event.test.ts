import { describe, expect, it } from "vitest";
import { eventsFrom } from "../../src/retraced/retraced.event.js";

const NOW = new Date("2026-03-01T12:00:00Z");
const EVENT = { action: "tea.buy", crud: "c", actor: { id: "ada" } };

const violationsOf = (...given: unknown[]) => eventsFrom(given, NOW).violations;
const told = (...given: unknown[]) => violationsOf(...given).map(({ index, field }) => [index, field]);

describe("an event in Retraced's words", () => {
  it("is one of ours, member by member", () => {
    const actor = { id: "ada", name: "Ada", href: "https://x.example", fields: { a: "1" } };
    const target = { id: "t", name: "T", href: "https://y.example", type: "tea", fields: { b: "2" } };
    const given = {
      ...EVENT, actor, target, group: { id: "g", name: "G" }, created: "2026-03-01T13:00:00+01:00", source_ip: "192.0.2.1", description: "d", is_failure: true,
      is_anonymous: false, fields: { f: "1" }, metadata: { m: "2" }, component: "c", version: "1", external_id: "e",
    };
    expect(eventsFrom([given], NOW)).toEqual({
      violations: [],
      events: [{
        group: "g",
        event: {
          action: "tea.buy", crud: "c", actor, target, created: NOW, sourceIp: "192.0.2.1", description: "d", isFailure: true, isAnonymous: false,
          fields: { f: "1" }, metadata: { m: "2" }, component: "c", version: "1", externalId: "e",
        },
      }],
    });
  });

  it("has nothing where it says null, an empty text, or an empty object", () => {
    const { events, violations } = eventsFrom([{ ...EVENT, group: {}, target: {}, created: null, source_ip: "", description: null, is_failure: null, external_id: "" }], NOW);
    expect(violations).toEqual([]);
    expect(events[0]).toEqual({ group: null, event: { action: "tea.buy", crud: "c", actor: { id: "ada" } } });
  });

  it.each([
    ["no object", null, null],
    ["a list", [], null],
    ["a member that Retraced does not know", { ...EVENT, isFailure: true }, null],
    ["a member of its actor that Retraced does not know", { ...EVENT, actor: { id: "ada", type: "user" } }, "actor"],
    ["no action", { ...EVENT, action: undefined }, "action"],
    ["an action that is no text", { ...EVENT, action: 1 }, "action"],
    ["no crud", { ...EVENT, crud: undefined }, "crud"],
    ["another crud", { ...EVENT, crud: "x" }, "crud"],
    ["no actor", { ...EVENT, actor: undefined }, "actor"],
    ["an empty actor", { ...EVENT, actor: {} }, "actor"],
    ["an actor without an id", { ...EVENT, actor: { name: "Ada" } }, "actor.id"],
    ["an actor that is a text", { ...EVENT, actor: "ada" }, "actor"],
    ["a group without an id", { ...EVENT, group: { name: "G" } }, "group.id"],
    ["a group that is a text", { ...EVENT, group: "g" }, "group"],
    ["a target whose type is no text", { ...EVENT, target: { id: "t", type: 1 } }, "target.type"],
    ["a day as its time", { ...EVENT, created: "2026-03-01" }, "created"],
    ["a number as its time", { ...EVENT, created: 1 }, "created"],
    ["a time of next year", { ...EVENT, created: "2027-03-01T12:00:00Z" }, "created"],
    ["an address that is none", { ...EVENT, source_ip: "300.1.1.1" }, "source_ip"],
    ["a truth in words", { ...EVENT, is_failure: "true" }, "is_failure"],
    ["fields that are a text", { ...EVENT, fields: "x" }, "fields"],
    ["a field that is no text", { ...EVENT, fields: { a: 1 } }, "fields"],
    ["a detail that is null", { ...EVENT, metadata: { a: null } }, "metadata"],
    ["actor's fields that are a list", { ...EVENT, actor: { id: "ada", fields: [] } }, "actor.fields"],
    ["an external id that is a number", { ...EVENT, external_id: 1 }, "external_id"],
  ])("with %s is refused, in Retraced's names", (_what, given, field) => {
    expect(told(EVENT, given, EVENT)).toContainEqual([1, field]);
    expect(told(EVENT, given, EVENT).filter(([index]) => index !== 1)).toEqual([]);
  });

  it("is told everything that is wrong, once for each member, in the order of the events", () => {
    const bad = { ...EVENT, crud: "x", created: "soon", source_ip: "nowhere", external_id: {} };
    expect(told(bad, EVENT, { ...EVENT, is_anonymous: true })).toEqual([[0, "created"], [0, "external_id"], [0, "crud"], [0, "source_ip"], [2, "actor"]]);
    for (const { message } of violationsOf(bad)) expect(message).not.toMatch(/soon|nowhere|sourceIp|externalId/);
  });

  it("whose members have the names of what every object has says nothing by them", () => {
    const given: unknown = JSON.parse('{"action":"tea.buy","crud":"c","actor":{"id":"ada","__proto__":{"name":"x"}},"constructor":{}}');
    expect(told(given)).toEqual([[0, null], [0, "actor"]]);
  });
});
