import { describe, expect, it } from "vitest";
import { ProjectStatus } from "../../src/project/project.entity.js";
import { PROJECT_SLUG, refuseArchived, refuseReservedSlug } from "../../src/project/project.rules.js";

describe("a project's slug", () => {
  it.each(["ab", "a1", "00", "a-b", "a--b", "a".repeat(40)])("%j is one", (slug) => expect(slug).toMatch(PROJECT_SLUG));

  it.each(["", "a", "-a", "a-", "aB", "a_b", "a.b", "ab\n", "äb", "a b", "a".repeat(41)])("%j is none", (slug) => expect(slug).not.toMatch(PROJECT_SLUG));
});

describe("a reserved slug", () => {
  it.each(["default", "00000000-0000-0000-0000-000000000001"])("%j is one: it names the implicit project, or reads as an id", (slug) => {
    expect(slug).toMatch(PROJECT_SLUG);
    expect(() => refuseReservedSlug(slug)).toThrow(expect.objectContaining({ code: "BAD_USER_INPUT", field: "slug" }));
  });

  it.each(["default-2", "defaults", "00000000"])("%j is none", (slug) => expect(() => refuseReservedSlug(slug)).not.toThrow());
});

describe("an archived project", () => {
  it("may not be changed", () =>
    expect(() => refuseArchived({ status: ProjectStatus.ARCHIVED })).toThrow(expect.objectContaining({ code: "FAILED_PRECONDITION" })));

  it("is the only one that may not", () => expect(() => refuseArchived({ status: ProjectStatus.ACTIVE })).not.toThrow());
});
