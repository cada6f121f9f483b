import { computeHash } from "@retracedhq/retraced/lib/event.js";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AuditEventInput } from "../../src/audit-event/audit-event.append.inputs.js";
import { contentDigest, retracedHash } from "../../src/audit-event/audit-event.content.js";
import { AuditCrud } from "../../src/audit-event/audit-event.entity.js";

const event = (more: Partial<AuditEventInput> = {}): AuditEventInput => ({ action: "invoice.pay", crud: AuditCrud.UPDATE, actor: { id: "ada" }, ...more });
const digest = (more?: Partial<AuditEventInput>) => contentDigest(event(more)).toString("hex");

describe("Retraced's hash of one event", () => {
  it("is theirs of their published vectors", () => {
    const vector = { action: "largeTazoTea.purchase" };
    expect(retracedHash("kfbr392", null, vector)).toBe("a60b49fcbbe8569139b97997eaf8fc0b871d2bb88757ef94eae0056fd9326302");
    expect(retracedHash("kfbr392", "gold-street-id", vector)).toBe("f17fe3079e5fe34668629f0254a0cabe7ad37ec51d97f034ec8b732e158247d6");
  });

  it("is what their client computes of any event", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "é", "😀", ":", ";", "=", "%", " "), minLength: 1, maxLength: 8 });
    const fields = fc.option(fc.dictionary(text, text, { maxKeys: 4 }), { nil: undefined });
    const party = fc.option(fc.record({ id: text }), { nil: undefined });
    const sent = fc.record({ action: text, actor: party, target: party, sourceIp: fc.option(text, { nil: undefined }), isFailure: fc.boolean(), isAnonymous: fc.boolean(), externalId: fc.option(text, { nil: undefined }), fields, metadata: fields });
    fc.assert(
      fc.property(sent, text, fc.option(text), (one, id, group) => {
        const { sourceIp, isFailure, isAnonymous, externalId, ...same } = one;
        const theirs = { ...same, crud: "c" as const, source_ip: sourceIp, is_failure: isFailure, is_anonymous: isAnonymous, external_id: externalId, ...(group !== null && { group: { id: group } }) };
        expect(retracedHash(id, group, one)).toBe(computeHash(theirs as Parameters<typeof computeHash>[0], id).hashResult);
      }),
    );
  });
});

describe("whether two events say the same", () => {
  it("does not depend on the order of members, nor on whether what is not known is null or left out", () => {
    const fields = { b: "2", a: "1" };
    expect(digest({ fields, target: null, isFailure: false, description: null, projectId: "AAAAAAAA-0000-4000-8000-000000000000" })).toBe(
      digest({ projectId: "aaaaaaaa-0000-4000-8000-000000000000", fields: { a: "1", b: "2" } }),
    );
  });

  const instant = new Date("2026-01-01T00:00:00.000Z");
  it.each<[string, Partial<AuditEventInput>]>([
    ["action", { action: "invoice.void" }],
    ["crud", { crud: AuditCrud.DELETE }],
    ["actor", { actor: { id: "bob" } }],
    ["name of the actor", { actor: { id: "ada", name: "Ada" } }],
    ["type of the actor", { actor: { id: "ada", type: "user" } }],
    ["address of the actor", { actor: { id: "ada", href: "Ada" } }],
    ["fields of the actor", { actor: { id: "ada", fields: { a: "1" } } }],
    ["target", { target: { id: "ada" } }],
    ["name of the target", { target: { name: "ada" } }],
    ["type of the target", { target: { type: "ada" } }],
    ["address of the target", { target: { href: "ada" } }],
    ["fields of the target", { target: { fields: { a: "1" } } }],
    ["time", { created: instant }],
    ["address", { sourceIp: "192.0.2.1" }],
    ["software", { userAgent: "x" }],
    ["description", { description: "x" }],
    ["failure", { isFailure: true }],
    ["anonymity", { isAnonymous: true }],
    ["fields", { fields: { a: "1" } }],
    ["empty fields", { fields: {} }],
    ["metadata", { metadata: { a: "1" } }],
    ["component", { component: "x" }],
    ["version", { version: "x" }],
    ["request", { requestId: "x" }],
    ["project", { projectId: "aaaaaaaa-0000-4000-8000-000000000000" }],
  ])("depends on the %s", (_, more) => expect(digest(more)).not.toBe(digest()));

  it("does not take one member for another that has the same text", () => {
    const texts = [{ component: "x" }, { version: "x" }, { description: "x" }, { requestId: "x" }, { userAgent: "x" }, { fields: { a: "b" } }, { metadata: { a: "b" } }, { target: { fields: { a: "b" } } }];
    expect(new Set(texts.map(digest)).size).toBe(texts.length);
  });
});
