/** Owns the proof of the embedded database's session: unmodified `pg` gets the answers a server would give, or a clear refusal. */
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type EmbeddedDatabase, openEmbedded } from "../../src/database/embedded.js";

let database: EmbeddedDatabase;
let pool: pg.Pool;

function poolOf(of: EmbeddedDatabase): pg.Pool {
  const made = new pg.Pool({
    max: 1,
    idleTimeoutMillis: 0,
    user: "postgres",
    database: "postgres",
    stream: () => of.stream(),
  });
  made.on("error", () => {});
  return made;
}

beforeAll(async () => {
  database = await openEmbedded({ dataDir: null });
  pool = poolOf(database);
});

afterAll(async () => {
  await pool.end();
  await database.close();
});

/** What a query answered: its first value, or the SQLSTATE of its error. */
type Outcome = Promise<unknown>;

async function outcome(client: pg.Pool | pg.PoolClient, text: string, values?: unknown[], name?: string): Outcome {
  try {
    const { rows } = await client.query({ text, values, name });
    return Object.values(rows[0] ?? {})[0];
  } catch (error) {
    return error instanceof pg.DatabaseError ? error.code : error;
  }
}

/** Every way in which a query can end, in turn; each with the only answer that is its own. */
const MIXED: ((client: pg.Pool | pg.PoolClient, n: number) => { asked: Outcome; expected: unknown })[] = [
  (client, n) => ({ asked: outcome(client, "SELECT $1::int AS n", [n]), expected: n }),
  (client, n) => ({ asked: outcome(client, `SELECT ${n} AS n`), expected: n }),
  (client, n) => ({ asked: outcome(client, "SELECT nope FROM nowhere WHERE $1::int = 1", [n]), expected: "42P01" }),
  (client, n) => ({ asked: outcome(client, "SELECT $1::text || '!' AS t", [`row ${n}`]), expected: `row ${n}!` }),
  (client, n) => ({ asked: outcome(client, "SELECT $1::int AS n", [`not a number ${n}`]), expected: "22P02" }),
  (client, n) => ({ asked: outcome(client, "SELECT $1::int * 2 AS n", [n], "doubled"), expected: n * 2 }),
  (client, n) => ({ asked: outcome(client, "SELECT 1 / ($1::int - $1::int) AS n", [n]), expected: "22012" }),
  (client, n) => ({ asked: outcome(client, "SELECT $1::uuid AS n", [`${n}`], "identified"), expected: "22P02" }),
  (client) => ({ asked: outcome(client, "SELEC 1"), expected: "42601" }),
];

describe("answers", () => {
  test("2,000 queries on ever-new sessions, failing ones among them, each get their own answer", async () => {
    const asked = Array.from({ length: 2_000 }, (_, n) => MIXED[n % MIXED.length]!(pool, n));
    expect(await Promise.all(asked.map((one) => one.asked))).toEqual(asked.map((one) => one.expected));
  });

  test("2,000 queries on one session, failing ones among them, each get their own answer", async () => {
    const client = await pool.connect();
    for (let n = 0; n < 2_000; n += 1) {
      const { asked, expected } = MIXED[n % MIXED.length]!(client, n);
      expect(await asked).toEqual(expected);
    }
    client.release();
  });

  test("parameters of 300 kB come back whole, sixty at once", async () => {
    const texts = Array.from({ length: 60 }, (_, n) => String.fromCharCode(97 + (n % 26)).repeat(300_000) + n);
    const answers = await Promise.all(texts.map((text) => outcome(pool, "SELECT md5($1::text) = md5($2::text) AND length($1) = $3", [text, text, text.length])));
    expect(answers).toEqual(texts.map(() => true));
    expect(await outcome(pool, "SELECT $1::text AS t", [texts[7]])).toBe(texts[7]);
  });

  test("a broken constraint is told with its name, and the session goes on", async () => {
    const client = await pool.connect();
    await client.query("CREATE TABLE colours (name text CONSTRAINT one_of_each UNIQUE CONSTRAINT lower_case CHECK (name = lower(name)))");
    await client.query("INSERT INTO colours VALUES ('red')");
    await expect(client.query("INSERT INTO colours VALUES ($1)", ["red"])).rejects.toMatchObject({ code: "23505", constraint: "one_of_each" });
    await expect(client.query("INSERT INTO colours VALUES ($1)", ["RED"])).rejects.toMatchObject({ code: "23514", constraint: "lower_case" });
    expect((await client.query("SELECT name FROM colours")).rows).toEqual([{ name: "red" }]);
    client.release();
  });

  test("timers get their turn while the database is busy", async () => {
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    await Promise.all(Array.from({ length: 300 }, () => pool.query("SELECT count(*) FROM generate_series(1, 1000)")));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
  });
});

describe("transactions", () => {
  test("of twenty at once, the ten that are rolled back leave nothing and the ten that commit leave everything", async () => {
    await pool.query("CREATE TABLE entries (n int)");
    await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        const client = await pool.connect();
        await client.query("BEGIN");
        await client.query("INSERT INTO entries VALUES ($1)", [n]);
        await client.query(n % 2 === 0 ? "COMMIT" : "ROLLBACK");
        client.release();
      }),
    );
    const { rows } = await pool.query<{ n: number }>("SELECT n FROM entries ORDER BY n");
    expect(rows.map(({ n }) => n)).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
  });

  test("a session that was thrown away leaves nothing to the next one", async () => {
    await pool.query("DO $$ BEGIN CREATE ROLE somebody; EXCEPTION WHEN duplicate_object THEN NULL; END $$");
    const client = await pool.connect();
    await client.query({ name: "kept", text: "SELECT 1" });
    await client.query("SET ROLE somebody");
    await client.query("SET app.tenant = 'acme'");
    await client.query("CREATE TEMP TABLE scraps (n int)");
    await client.query("SELECT pg_advisory_lock(7)");
    await client.query("BEGIN");
    await expect(client.query("SELECT 1 / 0")).rejects.toMatchObject({ code: "22012" });
    client.release(true);
    const { rows } = await pool.query(`
      SELECT current_user AS role, coalesce(current_setting('app.tenant', true), '') AS tenant,
             to_regclass('pg_temp.scraps') AS scraps, (SELECT count(*)::int FROM pg_prepared_statements) AS statements,
             (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory') AS locks`);
    expect(rows).toEqual([{ role: "postgres", tenant: "", scraps: null, statements: 0, locks: 0 }]);
  });
});

describe("refusals", () => {
  test("a second session while one is open is refused and told why", async () => {
    const holder = await pool.connect();
    const second = poolOf(database);
    await expect(second.query("SELECT 1")).rejects.toThrow("one session at a time");
    holder.release();
    expect(await outcome(pool, "SELECT 1")).toBe(1);
    await second.end();
  });

  test("after an internal failure every query is refused with the reason, and none hangs", async () => {
    const doomed = await openEmbedded({ dataDir: null, from: await database.dump() });
    const client = poolOf(doomed);
    await client.query("CREATE TABLE t (n int)");
    await expect(client.query("COPY t FROM STDIN")).rejects.toThrow("internal failure");
    await expect(client.query("SELECT 1")).rejects.toThrow("internal failure");
    await client.end();
    await doomed.close();
  });

  test("after close every query is refused", async () => {
    const closed = await openEmbedded({ dataDir: null, from: await database.dump() });
    const client = poolOf(closed);
    await closed.close();
    await closed.close();
    await expect(client.query("SELECT 1")).rejects.toThrow("closed");
    await client.end();
  });
});

test("a database opened from a snapshot has what the snapshot had, and the two go separate ways", async () => {
  await pool.query("CREATE TABLE origin AS SELECT 'before' AS word");
  const copy = await openEmbedded({ dataDir: null, from: await database.dump() });
  const other = poolOf(copy);
  await pool.query("UPDATE origin SET word = 'after'");
  expect(await outcome(other, "SELECT word FROM origin")).toBe("before");
  await other.end();
  await copy.close();
});
