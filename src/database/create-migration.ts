/** Owns the making of a new, empty migration file and its entry in the list. It touches no database. */
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MigrationRefusedError } from "./migration-ledger.js";

const NUMBERED_FILE = /^(\d+)-.*\.ts$/;
const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/**
 * Write `<next number>-<name>.ts` and add its class to `index.ts`.
 *
 * @param directory the migrations directory
 * @param name kebab-case, what the migration does: `add-team-channels`
 * @param now milliseconds since the epoch; becomes the timestamp at the end of the class name
 * @returns the path of the new file
 */
export async function createMigration(directory: string, name: string, now: number): Promise<string> {
  if (!NAME.test(name)) throw new MigrationRefusedError(`"${name}" is not a migration name: use words in lower case joined by dashes.`);
  const files = await readdir(directory);
  const number = Math.max(0, ...files.map((file) => Number(NUMBERED_FILE.exec(file)?.[1] ?? 0))) + 1;
  const className = `${name.split("-").map(capitalised).join("")}${now}`;
  const file = join(directory, `${number}-${name}.ts`);
  const list = join(directory, "index.ts");
  const extended = withEntry(await readFile(list, "utf8"), className, `./${number}-${name}.js`);
  await writeFile(file, emptyMigration(number, name, className), { flag: "wx" });
  await writeFile(list, extended);
  return file;
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function withEntry(list: string, className: string, specifier: string): string {
  const lastImport = [...list.matchAll(/^import .*\n/gm)].at(-1);
  const endOfImports = lastImport === undefined ? -1 : lastImport.index + lastImport[0].length;
  const endOfList = list.lastIndexOf("];");
  if (endOfImports < 0 || endOfList < 0) throw new Error("migrations/index.ts has no imports or no list to add to.");
  return [
    list.slice(0, endOfImports),
    `import { ${className} } from "${specifier}";\n`,
    list.slice(endOfImports, endOfList),
    `  ${className},\n`,
    list.slice(endOfList),
  ].join("");
}

function emptyMigration(number: number, name: string, className: string): string {
  return `/** Owns migration ${number}: ${name.replaceAll("-", " ")}. */
import type { MigrationInterface, QueryRunner } from "typeorm";

export class ${className} implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(\`
    \`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(\`
    \`);
  }
}
`;
}
