import { describe, expect, it } from "vitest";
import { ProjectStatus } from "../../src/project/project.entity.js";
import { PROJECT_SLUG, refuseArchived } from "../../src/project/project.rules.js";

describe("a project's slug", () => {
  it.each(["ab", "a1", "00", "a-b", "a--b", "a".repeat(40)])("%j is one", (slug) => expect(slug).toMatch(PROJECT_SLUG));

  it.each(["", "a", "-a", "a-", "aB", "a_b", "a.b", "ab\n", "äb", "a b", "a".repeat(41)])("%j is none", (slug) => expect(slug).not.toMatch(PROJECT_SLUG));
});

describe("an archived project", () => {
  it("may not be changed", () =>
    expect(() => refuseArchived({ status: ProjectStatus.ARCHIVED })).toThrow(expect.objectContaining({ code: "FAILED_PRECONDITION" })));

  it("is the only one that may not", () => expect(() => refuseArchived({ status: ProjectStatus.ACTIVE })).not.toThrow());
});
