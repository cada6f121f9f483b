/** Owns the proof of the search in words: what each word means, that what is no word is refused, and that nothing else comes of any text. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_QUERY_LENGTH, parseQuery } from "../../src/audit-event/audit-event.query.js";
import { Fault } from "../../src/kernel/fault.js";

const at = (text: string) => new Date(text);
const meaning = (query: string) => ({ ...parseQuery(query) });

function refusal(query: string): string {
  try {
    parseQuery(query);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(Fault);
    expect(thrown).toMatchObject({ code: "BAD_USER_INPUT", field: "query" });
    return (thrown as Fault).message;
  }
  return "taken";
}

describe("a query is refused, and nothing of it is repeated", () => {
  it.each<[string, RegExp]>([
    ["location:hunter2", /^query has a name at character 1 that events cannot be searched by here$/],
    ["crud:c fields.hunter2:x", /^query has a name at character 8 that /],
    ["hunter2:x", /^query has an unknown name at character 1; /],
    ["ACTION:x.y", /unknown name/],
    ["__proto__:hunter2", /unknown name/],
    ["constructor:hunter2", /unknown name/],
    ["https://hunter2/", /unknown name/],
    ["action:x.y action:x.z", /^query has action twice$/],
    ["action:", /^query has no value at character 1$/],
    ["crud:c  action: x.y", /^query has no value at character 9$/],
    ['action:""', /no value/],
    [":hunter2", /^query has something at character 1 that is no word of it; /],
    ['"hunter2', /no word of it/],
    ['"hunter2"x', /no word of it/],
    ['action:"hunter2', /no word of it/],
    ['"hunter\\2"', /no word of it/],
    ["action:hunter-2", /^query is refused: action must be like /],
    ["action:*", /action must be like/],
    ["crud:x", /^query must give crud as some of /],
    ["crud:c,", /crud/],
    ["crud:C", /crud/],
    ["is_failure:yes", /^query must give is_failure as true or false$/],
    ["received:hunter2", /^query must give received as two times /],
    ["received:,", /two times/],
    ["received:2026-01-01,2026-01-02,2026-01-03", /two times/],
    ["created:2026-02-30,", /two times/],
    ["created:2026-13-01,", /two times/],
    ["created:2026-01-01T24:00,", /two times/],
    ["created:2026-01-01T10:00:00+15:00,", /two times/],
    ["created:0000-01-01,", /two times/],
    ["created:+020260-01-01,", /two times/],
    ["created:1767225600,", /two times/],
    ["x", /^query is refused: a text must be 2 to 200 characters$/],
    [`actor.id:${"x".repeat(256)}`, /refused: actorId must be shorter/],
    [`"${"x".repeat(201)}"`, /2 to 200/],
    ["actor.name:x", /2 to 200/],
    ["aa bb cc dd ee ff", /^query is refused: at most 5 texts /],
    ["x".repeat(MAX_QUERY_LENGTH + 1), /^query must be at most 1000 characters$/],
    ["hunter2\0", /^query must be well-formed text$/],
    ["hunter2\ud800", /well-formed/],
  ])("%j", (query, words) => {
    expect(refusal(query)).toMatch(words);
    expect(refusal(query)).not.toContain("hunter");
  });
});

describe("a query means", () => {
  it.each<[string, object]>([
    ["", {}],
    [" \t\n ", {}],
    ["action:project.create", { action: "project.create" }],
    ["action:largeTazoTea.*", { action: "largeTazoTea.*" }],
    ["crud:c", { cruds: ["c"] }],
    ["crud:c,d,c", { cruds: ["c", "d"] }],
    ["actor.id:auth0|1", { actorId: "auth0|1" }],
    ['actor.name:"Ada  Lovelace"', { actorName: "Ada  Lovelace" }],
    ['target.id:7 target.name:"a \\"b\\" \\\\c" target.type:document', { targetId: "7", targetName: 'a "b" \\c', targetType: "document" }],
    ["product:crm request_id:r-1 external_id:a:b", { product: "crm", requestId: "r-1", externalId: "a:b" }],
    ["is_failure:true", { isFailure: true }],
    ["is_failure:false", { isFailure: false }],
    ["created:2026-01-01,2026-01-02T03:04", { from: at("2026-01-01T00:00:00Z"), until: at("2026-01-02T03:04:00Z") }],
    ["received:2026-01-01T10:00:00.5+02:00,", { receivedFrom: at("2026-01-01T08:00:00.5Z"), receivedUntil: undefined }],
    ["received:2026-01-01", { receivedFrom: at("2026-01-01T00:00:00Z"), receivedUntil: undefined }],
    ["created:,2028-02-29T23:59:59.999Z", { from: undefined, until: at("2028-02-29T23:59:59.999Z") }],
    ["lost 10:30 \"two words\" description:it's", { texts: ["lost", "10:30", "two words", "it's"] }],
    ['"action:x"', { texts: ["action:x"] }],
    ["  quarterly\treport  ", { texts: ["quarterly", "report"] }],
    ["100% a_b", { texts: ["100%", "a_b"] }],
  ])("%j", (query, filter) => {
    expect(meaning(query)).toEqual(filter);
  });
});

describe("whatever is written", () => {
  const word = fc.oneof(
    fc.constantFrom("action:", "crud:", "received:", "created:", "actor.id:", "fields.a:", '"', "\\", ",", ":", "*", "c,d", "2026-01-01", "true", " ", "x.y"),
    fc.string({ unit: "binary", maxLength: 12 }),
  );
  const anything = fc.oneof(fc.string({ unit: "binary", maxLength: 1_100 }), fc.array(word, { maxLength: 40 }).map((words) => words.join("")));

  it("the outcome is a filter, or a refusal with words of our own", () => {
    fc.assert(fc.property(anything, (query) => {
      expect(refusal(query)).toMatch(/^taken$|^query [ -~]{3,200}$/);
    }), { numRuns: 5_000 });
  });

  it("a value in quotation marks arrives as it was", () => {
    const value = fc.string({ unit: "grapheme", minLength: 2, maxLength: 90 }).filter((text) => text.length <= 200 && !text.includes("\0"));
    fc.assert(fc.property(value, fc.constantFrom("target.id", "actor.id", "external_id"), (text, name) => {
      const quoted = `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
      expect(Object.values(meaning(`${name}:${quoted}`))).toEqual([text]);
      expect(meaning(quoted)).toEqual({ texts: [text] });
    }));
  });
});
