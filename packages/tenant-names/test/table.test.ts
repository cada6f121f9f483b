import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { type LogFields, logFields, secretPaths } from "../src/index.js";
import { filters, noTeam, rows, support, systemSecrets } from "./table.js";

describe("the table of names", () => {
  it.each(rows)("$of is $name, and back", ({ print, parse, name, value }) => {
    expect(print()).toBe(name);
    expect(parse()).toEqual(value);
  });

  it.each(filters)("$of is $name", ({ print, name }) => {
    expect(print()).toBe(name);
  });

  it.each([support, noTeam])("a log line's fields give back the context, whatever else the line has", (context) => {
    expect(logFields.parse({ ...logFields.print(context), level: 30, msg: "done" } as LogFields)).toEqual(context);
  });

  it.each(Object.entries(systemSecrets))("%s lies at %s, the platform's own", (_variable, name) => {
    const secret = secretPaths.gbo.parse(name);
    expect(secret).toEqual({ owner: { kind: "system" }, key: name.split("/").slice(2) });
    expect(secretPaths.gbo.print(secret)).toBe(name);
  });

  it("is the README's", async () => {
    const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
    const shown = [...readme.matchAll(/^\| (.+) \| `([^`]+)` \|$/gm)].map(([, of, name]) => ({ of, name }));
    expect(shown).toEqual([...rows, ...filters].map(({ of, name }) => ({ of, name })));
  });
});
