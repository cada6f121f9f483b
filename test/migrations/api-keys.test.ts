/** Owns the proof of what migration 11 makes of keys that were there before it, and of its way back when names were used twice. */
import type { DataSource } from "typeorm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ApiKeys1700000000011 } from "../../migrations/11-api-keys.js";
import { MIGRATIONS } from "../../migrations/index.js";
import { openDataSource } from "../../src/database/data-source.js";
import { openEmbedded } from "../../src/database/embedded.js";
import { down, up } from "../../src/database/migrate.js";
import { TIMEOUTS } from "../database/schema-bench.js";

const NUMBER = MIGRATIONS.indexOf(ApiKeys1700000000011) + 1;
/** Whoever owns the tables in production is not above row security, which is forced on it: statements that forgot it would change nothing. */
const OWNER = "registry_plain_owner";
const TENANTS = ["00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"] as const;
const ARGON2 = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA";
const inHexadecimal = (prefix: string) => `~${Buffer.from(prefix).toString("hex")}`;

interface Row {
  name: string;
  prefix: string;
  lookupId: string | null;
  seat: number;
  imported: boolean;
}

let owner: DataSource;
let close: () => Promise<void>;

/** Beyond row security, as nobody is in production. */
const asSuperuser = <Found>(statement: string, values: readonly unknown[] = []): Promise<Found> =>
  owner.transaction(async (tx) => {
    await tx.query("set local role none");
    return tx.query(statement, [...values]);
  });

const KEYS = `select name, prefix, lookup_id as "lookupId", lookup_seat as seat, imported_at is not null as imported from api_keys`;
const keys = async (where: string) => new Map((await asSuperuser<Row[]>(`${KEYS} where ${where}`)).map((row) => [row.name, row]));

beforeAll(async () => {
  const embedded = await openEmbedded({ dataDir: null });
  const superuser = await openDataSource({ ...TIMEOUTS, embedded });
  await superuser.query(`create role ${OWNER} createrole; grant create on database postgres to ${OWNER}; grant all on schema public to ${OWNER}`);
  await superuser.destroy();
  owner = await openDataSource({ ...TIMEOUTS, embedded, migrations: MIGRATIONS, role: OWNER });
  close = () => owner.destroy().then(() => embedded.close());
  await up(owner, NUMBER - 1);
  for (const [place, id] of TENANTS.entries()) await asSuperuser("insert into tenants (id, slug, name) values ($1, $2, 'x')", [id, `tenant-${place}`]);
  const plant = (name: string, prefix: string, hash: string, createdAt: string, revokedAt: string | null = null) =>
    asSuperuser("insert into api_keys (tenant_id, name, prefix, hash, created_at, revoked_at) values ($1, $2, $3, $4, $5, $6)", [TENANTS[Number(createdAt.slice(-1)) % 2], name, prefix, hash, createdAt, revokedAt]);
  for (let n = 0; n < 10; n += 1) await plant(`shared-${n}`, "old_live", ARGON2, `2026-01-1${n}`, n < 2 ? "2026-02-01" : null);
  await plant("alone", "alone_0,", ARGON2, "2026-01-01");
  await plant("bcrypt", "bcrypt00", "$2b$10$abcdefghijklmnopqrstuv", "2026-01-01");
  await plant("none", "none0000", "*", "2026-01-01");
  await plant("like-ours", "trk_prod", ARGON2, "2026-01-01");
  await plant("short", "short", ARGON2, "2026-01-01");
  await plant("long", "longer_than_eight", ARGON2, "2026-01-01");
  await plant("not-ascii", "schlüsse", ARGON2, "2026-01-01");
  await up(owner, NUMBER);
});
afterAll(() => close());

describe("a key that was there before, by an owner like production's", () => {
  it("is found by its first eight characters, whatever they are, and keeps its name", async () => {
    expect((await keys("name = 'alone'")).get("alone")).toEqual({ name: "alone", prefix: "alone_0,", lookupId: inHexadecimal("alone_0,"), seat: 0, imported: true });
  });

  it("shares them with seven others at most; those that still work come first, the older before the younger", async () => {
    const found = await keys("prefix = 'old_live'");
    const seated = [...found.values()].filter(({ lookupId }) => lookupId !== null).toSorted((a, b) => a.seat - b.seat);
    expect(seated.map(({ name }) => name)).toEqual(["shared-2", "shared-3", "shared-4", "shared-5", "shared-6", "shared-7", "shared-8", "shared-9"]);
    expect(seated.map(({ seat }) => seat)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(new Set(seated.map(({ lookupId }) => lookupId))).toEqual(new Set([inHexadecimal("old_live")]));
    for (const name of ["shared-0", "shared-1"]) expect(found.get(name)).toMatchObject({ lookupId: null, seat: 0, imported: false });
  });

  it.each(["bcrypt", "none", "like-ours", "short", "long", "not-ascii"])("can never be verified when it could not be found or compared: %s", async (name) => {
    expect((await keys(`name = '${name}'`)).get(name)).toMatchObject({ lookupId: null, seat: 0, imported: false });
  });

  it("belongs to its tenant, works everywhere and does not end by itself, as before", async () => {
    expect(await asSuperuser("select distinct owner_kind, owner_id, environment, project_id, allowed_ips, expires_at, rotated_at, revoke_reason, pepper_id from api_keys")).toEqual([
      { owner_kind: "tenant", owner_id: null, environment: null, project_id: null, allowed_ips: [], expires_at: null, rotated_at: null, revoke_reason: null, pepper_id: null },
    ]);
  });

  it("is behind row security as before", async () => {
    expect(await asSuperuser("select relrowsecurity, relforcerowsecurity from pg_class where relname = 'api_keys'")).toEqual([{ relrowsecurity: true, relforcerowsecurity: true }]);
    expect(await owner.query("select id from api_keys")).toEqual([]);
  });
});

describe("the way back", () => {
  it("gives every key a name of its own again; the one that goes on keeps it, and no other key is renamed", async () => {
    const again = `insert into api_keys (tenant_id, name, prefix, hash, revoked_at, rotated_at, overlap_ends_at, created_at) values ('${TENANTS[0]}', 'shared-2', 'trk_dev_', '*', $1, $2, $2, $3)`;
    await asSuperuser(again, ["2026-03-02", null, "2026-03-01"]);
    const [{ id }] = (await asSuperuser<[{ id: string }]>("update api_keys set revoked_at = '2026-02-01', revoke_reason = 'leaked' where name = 'shared-2' and prefix = 'old_live' returning id").then(([rows]) => rows)) as unknown as [{ id: string }];
    await asSuperuser(again, [null, "2026-03-03", "2026-03-02"]);
    await asSuperuser(again, [null, null, "2026-03-03"]);
    const others = await asSuperuser("select id, name from api_keys where name <> 'shared-2' order by id");
    await asSuperuser("insert into pgboss.job (name) values ('api_key_usage.prune')");
    await down(owner, 1, { forwardOnly: false });
    const named = await asSuperuser<{ id: string; name: string; revoked: boolean }[]>("select id, name, revoked_at is not null as revoked from api_keys where name like 'shared-2%' order by name");
    expect(named).toHaveLength(4);
    expect(named[0]).toMatchObject({ name: "shared-2", revoked: false });
    for (const row of named.slice(1)) expect(row.name).toBe(`shared-2 ${row.id}`);
    expect(named.map((row) => row.id)).toContain(id);
    expect(await asSuperuser("select id, name from api_keys where name not like 'shared-2%' order by id")).toEqual(others);
    expect(await asSuperuser("select relforcerowsecurity as forced from pg_class where relname = 'api_keys'")).toEqual([{ forced: true }]);
  });

  it("can be gone again", async () => {
    await up(owner, NUMBER);
    expect((await keys("prefix = 'old_live' and lookup_id is not null")).size).toBe(8);
    expect(await asSuperuser("select name, policy from pgboss.queue where name = 'api_key_usage.prune'")).toEqual([{ name: "api_key_usage.prune", policy: "standard" }]);
  });
});
