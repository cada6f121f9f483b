import { serverAudits } from "graphql-http";
import { beforeAll, describe, expect, it } from "vitest";
import { registry, type Registry } from "../testkit/registry.js";

/** What CSRF prevention forbids: a GET that a page of another origin could cause without a preflight. All three are MAY. */
const FORBIDDEN_BY_CSRF_PREVENTION: Readonly<Record<string, string>> = {
  "5A70": "MAY accept application/x-www-form-urlencoded formatted GET requests",
  D6D5: "MAY allow URL-encoded JSON string {variables} parameter in GETs when accepting application/graphql-response+json",
  "6A70": "MAY allow URL-encoded JSON string {variables} parameter in GETs when accepting application/json",
};

let app: Registry;
beforeAll(async () => {
  app = await registry();
});

const audits = serverAudits({ url: () => `${app.url}/graphql` });
const named = audits.map((audit) => [audit.id, audit.name, audit] as const);

describe("GraphQL over HTTP, as the audits of graphql-http check it", () => {
  it("is checked whole: 61 audits, of which three are excepted by name", () => {
    expect(audits).toHaveLength(61);
    const excepted = audits.filter(({ id }) => id in FORBIDDEN_BY_CSRF_PREVENTION);
    expect(Object.fromEntries(excepted.map(({ id, name }) => [id, name]))).toEqual(FORBIDDEN_BY_CSRF_PREVENTION);
  });

  it.each(named.filter(([id]) => !(id in FORBIDDEN_BY_CSRF_PREVENTION)))("%s %s", async (_id, _name, audit) => {
    const result = await audit.fn();
    expect(result.status, "reason" in result ? result.reason : "").toBe("ok");
  });

  it.each(named.filter(([id]) => id in FORBIDDEN_BY_CSRF_PREVENTION))("%s is refused as a possible forgery, and nothing stronger than a MAY is lost", async (_id, name, audit) => {
    expect(name).toMatch(/^MAY /);
    const result = await audit.fn();
    expect(result.status).toBe("notice");
  });

  it("a GET that a page cannot send without a preflight is answered", async () => {
    const response = await fetch(`${app.url}/graphql?query={__typename}`, { headers: { "apollo-require-preflight": "yes" } });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ data: { __typename: "Query" } });
  });
});
