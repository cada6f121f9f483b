import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { buildRegistrySchema, schemaFiles } from "../../src/schema.js";

describe("generated files", () => {
  it.each(schemaFiles(buildRegistrySchema()))("$path is what the code says (npm run schema writes it)", async ({ path, text }) => {
    expect(text).toBe(await readFile(path, "utf8"));
  });
});
