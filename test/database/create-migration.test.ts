/** Owns the proof that a new migration lands in its place in the list, and that a bad name makes no file. */
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createMigration } from "../../src/database/create-migration.js";

const LIST = `import { First1700000000001 } from "./1-first.js";

export const MIGRATIONS = [
  First1700000000001,
];
`;

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "registry-migrations-"));
  await writeFile(join(directory, "index.ts"), LIST);
  await writeFile(join(directory, "1-first.ts"), "export class First1700000000001 {}\n");
});

afterEach(() => rm(directory, { recursive: true, force: true }));

test("a new migration gets the next number and stands last in the list", async () => {
  const file = await createMigration(directory, "add-team-channels", 1_800_000_000_000);
  expect(file).toBe(join(directory, "2-add-team-channels.ts"));
  expect(await readFile(file, "utf8")).toContain("export class AddTeamChannels1800000000000 implements MigrationInterface {");
  expect(await readFile(join(directory, "index.ts"), "utf8")).toBe(`import { First1700000000001 } from "./1-first.js";
import { AddTeamChannels1800000000000 } from "./2-add-team-channels.js";

export const MIGRATIONS = [
  First1700000000001,
  AddTeamChannels1800000000000,
];
`);
});

test.each(["", "Add", "add_teams", "../escape", "add-", "1st"])("name %j is refused and nothing is written", async (name) => {
  await expect(createMigration(directory, name, 1_800_000_000_000)).rejects.toThrow("is not a migration name");
  expect((await readdir(directory)).sort()).toEqual(["1-first.ts", "index.ts"]);
  expect(await readFile(join(directory, "index.ts"), "utf8")).toBe(LIST);
});
