/** Owns the guarantee that what the database hashes when it erases somebody is what the notary hashed before, and that no column is left out. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { COLUMN_TEXTS, commitmentOf, CURRENT_FORMAT, FORMATS, GROUPS, HASH_BYTES, leafOf, NOT_HASHED, type ColumnTexts } from "../../src/audit-proof/audit-proof.encoding.js";
import { registry } from "../testkit/registry.js";
import { AuditLog, seedOf } from "../testkit/audit-log.js";

const format = FORMATS[CURRENT_FORMAT]!;
const SALT = seedOf("salt").subarray(0, 16);
const { columns } = new AuditLog().append();
/** Whatever Postgres can keep: no NUL, no half characters. */
const anyText = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("", "é", "e\u0301", "\u{1F600}", "a\nb", "\\x00", "' OR 1=1 --")).map((text) => text.replaceAll("\0", "").replace(/\p{Surrogate}/gu, ""));

async function ofDatabase(group: string, names: readonly string[], values: ColumnTexts): Promise<Buffer> {
  const fields = names.map((name, at) => `audit_field('${name}', $${at + 3}::text)`).join(" || ");
  const { sql } = await registry();
  const [row] = await sql<{ hash: Buffer }>(`select audit_commitment($1, $2, ${fields}) as hash`, [group, SALT, ...names.map((name) => values[name])]);
  return Buffer.from(row!.hash);
}

describe("the hash of a group of columns", () => {
  it.each(GROUPS)("%s is the same here and in the database", async (group) => {
    const names = format.groups[group];
    await fc.assert(
      fc.asyncProperty(fc.tuple(...names.map(() => fc.option(anyText))), async (texts) => {
        const values = Object.fromEntries(names.map((name, at) => [name, texts[at] ?? null]));
        expect((await ofDatabase(group, names, values)).toString("hex")).toBe(commitmentOf(format, group, SALT, values).toString("hex"));
      }),
      { numRuns: 25 },
    );
  });

  it("tells columns apart, nothing from an empty text, and where one value ends and the next begins", () => {
    const told = [{ actor_id: "a", actor_name: "b" }, { actor_id: "b", actor_name: "a" }, { actor_id: "ab", actor_name: "" }, { actor_id: "ab", actor_name: null }, { actor_id: "", actor_name: "ab" }, { actor_id: null, actor_name: "ab" }];
    expect(new Set(told.map((values) => commitmentOf(format, "actor", SALT, values).toString("hex"))).size).toBe(told.length);
  });
});

describe("the hash of an event", () => {
  it("stays what it is when a group's salt gives way to its hash", () => {
    const salts = { actor: SALT, target: SALT, text: SALT };
    const leaf = leafOf(format, columns, salts);
    for (const group of GROUPS) {
      const opening = commitmentOf(format, group, SALT, columns);
      expect(opening.length).toBe(HASH_BYTES);
      const erased = { ...columns, ...Object.fromEntries(format.groups[group].map((name) => [name, null])) };
      expect(leafOf(format, erased, { ...salts, [group]: opening })).toEqual(leaf);
      expect(leafOf(format, erased, salts)).not.toEqual(leaf);
    }
  });

  it("never changes: what was chained years ago is verified with these bytes", () => {
    const values = Object.fromEntries([...format.plain, ...GROUPS.flatMap((group) => format.groups[group])].map((name) => [name, name === "crud" ? null : name]));
    expect(leafOf(format, values, { actor: SALT, target: SALT, text: SALT }).toString("hex")).toMatchInlineSnapshot(`"5b0962a78c493553945a3fdcc3bc0c37450bec4cedfb484f0a52836f1607cf96"`);
  });

  it("covers every column of the log but those that only say where the row is", async () => {
    const { sql } = await registry();
    const rows = await sql<{ name: string }>("select attname as name from pg_attribute where attrelid = 'audit_log'::regclass and attnum > 0 and not attisdropped");
    const covered = [...format.plain, ...GROUPS.flatMap((group) => format.groups[group]), ...NOT_HASHED];
    expect(covered.toSorted()).toEqual(rows.map(({ name }) => name).toSorted());
    expect(new Set(covered).size).toBe(covered.length);
  });

  it("has every instant to the microsecond, and of its own time zone nothing", async () => {
    const { sql } = await registry();
    const instants = await sql<{ type: string; name: string }>(
      "select attname as name from pg_attribute where attrelid = 'audit_log'::regclass and attnum > 0 and atttypid = 'timestamptz'::regtype",
    );
    expect(Object.keys(COLUMN_TEXTS).toSorted()).toEqual(instants.map(({ name }) => name).toSorted());
    const [row] = await sql<Record<string, string>>(
      `select ${COLUMN_TEXTS["created_at"]} as created, ${COLUMN_TEXTS["received_at"]} as received from (select timestamptz '2026-03-29 03:30:00.123456+02' as created_at, null::timestamptz as received_at) a`,
    );
    expect(row).toEqual({ created: "2026-03-29T01:30:00.123456Z", received: null });
  });
});
