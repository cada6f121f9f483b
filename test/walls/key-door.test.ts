/** Owns the proof that whoever looks a key up before its tenant is known finds the keys that it names, and nothing that it does not. */
import { randomUUID } from "node:crypto";
import sql, { raw } from "sql-template-tag";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { MAX_NAMED_KEYS, openKeyDoor } from "../../src/kernel/key-door.js";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld } from "../testkit/world.js";
import { attempt, type Outcome } from "./scopes.js";
import { adminOf, CLEAN, houseOf, noted, plainSessions, poolOf, visit } from "./visits.js";

const REFUSED = "42501";
const READ_ONLY = "25006";
const ONE: Outcome = [{ affected: 1 }];

let app: Registry;
let mine: TenantInWorld;
let theirs: TenantInWorld;
let key: { id: string; lookupId: string };
let foreign: { id: string; lookupId: string };
let imported: { ids: string[]; lookupId: string };

const freshId = () => randomUUID().replaceAll("-", "").slice(0, 12);

beforeAll(async () => {
  app = await registry();
  const world = await openWorld(app);
  [mine, theirs] = [await world.tenant(), await world.tenant()];
  const planted = async (tenant: TenantInWorld) => {
    const lookupId = freshId();
    const { id } = await tenant.apiKey({ lookupId });
    await app.sql("insert into api_key_usage (tenant_id, api_key_id, day, verified) values ($1, $2, '2026-01-01', 1)", [tenant.id, id]);
    return { id, lookupId };
  };
  [key, foreign] = [await planted(mine), await planted(theirs)];
  const lookupId = `~${freshId()}0000`;
  imported = { lookupId, ids: [(await mine.apiKey({ lookupId })).id] };
  const { id } = await theirs.apiKey();
  await app.sql("update api_keys set lookup_id = $2, lookup_seat = 1 where id = $1", [id, lookupId]);
  imported.ids.push(id);
});

const naming = (named: string | undefined, text: string) => attempt(app, "registry_verifier", named, text);

describe("registry_verifier", () => {
  it("sees the keys whose look-up ids it names, whosever they are, and no other", async () => {
    expect(await naming(key.lookupId, "select id from api_keys")).toEqual([{ id: key.id }]);
    expect(await naming(key.lookupId, "select count(*)::int from api_keys")).toEqual([{ count: 1 }]);
    expect(await naming(key.lookupId, `select id from api_keys where id = '${foreign.id}' or tenant_id = '${theirs.id}'`)).toEqual([]);
    expect(await naming(`${key.lookupId},${foreign.lookupId}`, "select id from api_keys order by id")).toEqual([key.id, foreign.id].toSorted().map((id) => ({ id })));
    expect(await naming(imported.lookupId, "select id, lookup_seat from api_keys order by lookup_seat")).toEqual(imported.ids.map((id, seat) => ({ id, lookup_seat: seat })));
  });

  it.each<[string, () => string | undefined]>([
    ["nothing", () => undefined],
    ["an empty list", () => ""],
    ["empty members", () => ",,"],
    ["one that nobody has", () => freshId()],
    ["everything, as SQL's patterns do", () => "%"],
    ["everything, as a shell does", () => "*"],
    ["half of one", () => key.lookupId.slice(0, 6)],
    ["one in other letters", () => `${key.lookupId.slice(0, 11)}Z`],
    ["one with a space", () => `${key.lookupId} `],
    ["one as an array", () => `{${key.lookupId}}`],
    ["one in quotes", () => `'${key.lookupId}'`],
    ["a condition", () => `x' or true --`],
    ["null", () => "null"],
    ["a key's id", () => key.id],
    ["a tenant's id", () => mine.id],
    ["a key's first characters", () => "abcdefgh"],
  ])("sees nothing when it names %s", async (_what, named) => {
    for (const text of ["select id from api_keys", "select id from api_key_usage", "select id from api_keys for no key update"]) expect(await naming(named(), text)).toEqual([]);
  });

  it.each(["created_by", "imported_at", "revoked_by", "prefix", "*"])("is not shown a key's %s", async (column) => {
    expect(await naming(key.lookupId, `select ${column} from api_keys`)).toBe(REFUSED);
  });

  it.each(["tenants", "tenant_projects", "tenant_products", "tenant_idp_config", "api_key_policies", "audit_log", "idempotency_keys", "tenant_invitations", "pgboss.job", "migrations"])("does not see %s, nor writes there", async (table) => {
    for (const statement of [`select from ${table}`, `insert into ${table} default values`, `delete from ${table}`, `truncate ${table} cascade`]) expect([statement, await naming(key.lookupId, statement)]).toEqual([statement, REFUSED]);
  });

  it("writes when a key was used and a hash that was made anew, of the keys that it names", async () => {
    expect(await naming(key.lookupId, "update api_keys set last_used_at = now(), hash = 'x', pepper_id = 'x'")).toEqual(ONE);
    expect(await naming(key.lookupId, `update api_keys set last_used_at = now() where id = '${foreign.id}'`)).toEqual([{ affected: 0 }]);
  });

  it.each(["revoked_at = now()", "revoked_at = null", "overlap_ends_at = now()", "expires_at = null", "scopes = '{all}'", "allowed_ips = '{}'", "product = null", "lookup_id = 'abcdefghijkl'", "tenant_id = gen_random_uuid()", "name = 'x'"])("does not set a key's %s", async (change) => {
    expect(await naming(key.lookupId, `update api_keys set ${change}`)).toBe(REFUSED);
  });

  it("makes no key, deletes none, and empties nothing", async () => {
    const insert = `insert into api_keys (tenant_id, name, hash, prefix, lookup_id) values ('${mine.id}', 'x', 'x', 'x', '${key.lookupId}')`;
    for (const statement of [insert, "delete from api_keys", "truncate api_keys cascade", "delete from api_key_usage", "truncate api_key_usage"]) expect([statement, await naming(key.lookupId, statement)]).toEqual([statement, REFUSED]);
  });

  it("counts the use of the keys that it names, and of no other", async () => {
    const count = (tenantId: string, id: string) =>
      `insert into api_key_usage (tenant_id, api_key_id, day, verified) values ('${tenantId}', '${id}', '2026-01-01', 1)
       on conflict (tenant_id, api_key_id, day) do update set verified = api_key_usage.verified + 1`;
    expect(await naming(key.lookupId, count(mine.id, key.id))).toEqual(ONE);
    expect(await naming(key.lookupId, count(mine.id, key.id).replace("2026-01-01", "2026-01-02"))).toEqual(ONE);
    for (const [tenantId, id] of [[theirs.id, foreign.id], [mine.id, foreign.id], [theirs.id, key.id], [mine.id, randomUUID()]] as const) expect(await naming(key.lookupId, count(tenantId, id))).toBe(REFUSED);
    expect(await naming(key.lookupId, "select api_key_id from api_key_usage")).toEqual([{ api_key_id: key.id }]);
    expect(await naming(key.lookupId, "update api_key_usage set day = '2026-01-02'")).toBe(REFUSED);
  });

  it("is somebody whom only the service's role becomes, and to every other role a look-up id is no tenant", async () => {
    for (const role of ["registry_tenant", "registry_platform", "registry_product"] as const) expect([role, await attempt(app, role, key.lookupId, "select id from tenants")]).toEqual([role, "22P02"]);
    expect(await attempt(app, "registry_service", key.lookupId, "select id from api_keys")).toBe(REFUSED);
  });
});

describe("through the door", () => {
  const door = () => openKeyDoor(houseOf(app));
  const ids = async (named: readonly string[]) => (await door().read<{ id: string }>(named, sql`select id from api_keys order by id`, 10_000)).map(({ id }) => id);

  it("a statement that names nobody's key finds nobody's, and one that forgets its condition finds those that are named", async () => {
    expect(await ids([])).toEqual([]);
    expect(await ids([freshId()])).toEqual([]);
    expect(await ids([key.lookupId])).toEqual([key.id]);
    expect(await ids([foreign.lookupId, imported.lookupId, foreign.lookupId])).toEqual([foreign.id, ...imported.ids].toSorted());
  });

  it.each(["", "*", "%", "abc", "abcdefghijklm", "abcdef,hijkl", "abcdefghijk\n", "abcdefghijk\0", "~", "~6162", "~ABCDEFABCDEFABCD", "äbcdefghijkl", "' or true --", "00000000-0000-4000-8000-000000000000"])("what is no look-up id is not named, and nothing is asked: %j", async (named) => {
    await expect(ids([named])).rejects.toThrow("no look-up id");
    await expect(ids([key.lookupId, named])).rejects.toThrow("no look-up id");
    await expect(door().write([named], [])).rejects.toThrow("no look-up id");
  });

  it("as many as one statement may name are, and no more", async () => {
    const many = [...Array.from({ length: MAX_NAMED_KEYS - 1 }, freshId), key.lookupId];
    expect(await ids(many)).toEqual([key.id]);
    await expect(ids([...many, freshId()])).rejects.toThrow("at most 200");
  });

  it("nothing is written while reading, whatever the statement", async () => {
    for (const statement of ["update api_keys set last_used_at = now()", "with k as (update api_keys set last_used_at = now() returning id) select id from k", "select id from api_keys for no key update"]) {
      await expect(door().read([key.lookupId], sql`${raw(statement)}`, 10_000)).rejects.toMatchObject({ code: READ_ONLY });
    }
  });

  it("a statement gets the time that is left of the caller's and no more than the house gives; without any nothing is asked", async () => {
    const timeout = sql`select setting::int as ms from pg_settings where name = 'statement_timeout'`;
    const [[hurried], [patient]] = await Promise.all([door().read<{ ms: number }>([], timeout, 3_000), door().read<{ ms: number }>([], timeout, 60_000)]);
    expect(hurried?.ms).toBeLessThanOrEqual(3_000);
    expect(patient?.ms).toBe(5_000);
    await expect(door().read([], timeout, 0)).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  });

  it("marks of use are written together or not at all, and are nobody else's", async () => {
    const used = (id: string) => app.sql("select last_used_at is not null as used from api_keys where id = $1", [id]);
    const mark = sql`update api_keys set last_used_at = now()`;
    await expect(door().write([key.lookupId], [mark, sql`update api_keys set revoked_at = now()`])).rejects.toMatchObject({ code: REFUSED });
    expect(await used(key.id)).toEqual([{ used: false }]);
    await door().write([key.lookupId], [mark, sql`select from api_keys where id = ${foreign.id}`]);
    expect([await used(key.id), await used(foreign.id)]).toEqual([[{ used: true }], [{ used: false }]]);
  });

  describe("when others wait for a connection already", () => {
    let open: () => void;
    let inside: Promise<unknown>[];
    beforeEach(async () => {
      const entered = vi.fn();
      const gate = new Promise<void>((resolve) => (open = resolve));
      inside = Array.from({ length: poolOf(app).options.max }, () =>
        visit(houseOf(app), adminOf(mine.id)).within(null).change("project.update", async () => {
          entered();
          await gate;
          return noted(1);
        }),
      );
      await vi.waitFor(() => expect(entered).toHaveBeenCalledTimes(inside.length));
    });
    afterEach(async () => {
      open();
      await Promise.all(inside);
    });

    it("both are refused at once and retryably, and those that wait are served", async () => {
      const narrow = openKeyDoor(houseOf(app, { maxWaiting: 1 }));
      const waiting = narrow.read([key.lookupId], sql`select 1 as one`, 10_000);
      for (const refused of [narrow.read([key.lookupId], sql`select 1`, 10_000), narrow.write([key.lookupId], [])]) await expect(refused).rejects.toMatchObject({ code: "UNAVAILABLE", retryable: true });
      open();
      expect(await waiting).toEqual([{ one: 1 }]);
    });
  });

  it("a connection keeps nothing of it, whatever its end", async () => {
    await ids([key.lookupId]);
    await door().write([key.lookupId], [sql`select 1`]);
    await door().write([key.lookupId], [sql`select 1 / 0`]).catch(() => {});
    await door().read([key.lookupId], sql`select 1 / 0`, 10_000).catch(() => {});
    const sessions = await plainSessions(app);
    expect(sessions).toEqual(sessions.map(() => CLEAN));
  });
});
