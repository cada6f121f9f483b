/** Owns the proof of what the walls say about keys whatever a feature would write: who may add which, that an end stays one, and who sees a hash. */
import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld } from "../testkit/world.js";
import { attempt, type Outcome, type Role } from "./scopes.js";

const REFUSED = "42501";
const CHECK = "23514";
const ONE: Outcome = [{ affected: 1 }];

let app: Registry;
let mine: TenantInWorld;
let theirs: TenantInWorld;
const names: Record<string, string> = {};
beforeAll(async () => {
  app = await registry();
  const world = await openWorld(app);
  [mine, theirs] = [await world.tenant(), await world.tenant()];
  for (const [whose, tenant] of [["MINE", mine], ["THEIRS", theirs]] as const) {
    const [project, key, ended] = [await tenant.project(), await tenant.apiKey(), await tenant.apiKey()];
    await app.sql("update api_keys set revoked_at = '2026-01-02', rotated_at = '2026-01-01', overlap_ends_at = '2026-01-03' where id = $1", [ended.id]);
    Object.assign(names, { [whose]: tenant.id, [`${whose}_PROJECT`]: project.id, [`${whose}_KEY`]: key.id, [`${whose}_ENDED`]: ended.id });
  }
});

/** MINE, THEIRS_KEY … in a statement are those of the two tenants. */
const filled = (text: string) => text.replace(/\b(MINE|THEIRS)\w*/g, (name) => `'${names[name]}'`);
const as = (role: Role, text: string) => attempt(app, role, mine.id, filled(text));
const asTenant = (text: string) => as("registry_tenant", text);

/** An insert of a key as the registry makes them, but for what is said. */
function key(changes: Record<string, string> = {}): string {
  const columns: Record<string, string> = {
    tenant_id: "MINE", name: "'new'", product: "'crm'", hash: "'$argon2id$v=19$m=1024,t=2,p=1$c2FsdHNhbHQ$aGFzaA'", pepper_id: "'dev'", prefix: "'trk_dev_'",
    lookup_id: `'${randomUUID().replaceAll("-", "").slice(0, 12)}'`, environment: "'dev'", expires_at: "now() + interval '90 days'", ...changes,
  };
  return `insert into api_keys (${Object.keys(columns).join(", ")}) values (${Object.values(columns).join(", ")})`;
}

describe("a key that a tenant's own people add", () => {
  it.each<[string, Record<string, string>, string]>([
    ["of another tenant", { tenant_id: "THEIRS" }, REFUSED],
    ["without a pepper", { pepper_id: "null" }, REFUSED],
    ["with a hash of another kind", { hash: "'$2b$10$abc'" }, REFUSED],
    ["without a look-up id", { lookup_id: "null" }, REFUSED],
    ["found as an imported one is", { lookup_id: "'~6162636465666768'" }, REFUSED],
    ["that says it was imported", { imported_at: "now()" }, REFUSED],
    ["for every product", { product: "null" }, REFUSED],
    ["for every environment", { environment: "null" }, REFUSED],
    ["that was used before it was made", { last_used_at: "now()" }, REFUSED],
    ["that has ended", { revoked_at: "now()" }, REFUSED],
    ["whose place was taken", { rotated_at: "now()", overlap_ends_at: "now()" }, REFUSED],
    ["that is found by what a list could be made of", { lookup_id: "'a,b,c,d,e,f,'" }, REFUSED],
    ["of nobody in particular", { owner_kind: "'user'" }, CHECK],
    ["of the tenant and of somebody", { owner_id: "'ada'" }, CHECK],
    ["from more addresses than can be looked through", { allowed_ips: "array_fill('10.0.0.1'::text, array[21])" }, CHECK],
    ["bound to another tenant's project", { project_id: "THEIRS_PROJECT" }, "23503"],
    ["in place of another tenant's key", { rotated_from_id: "THEIRS_KEY" }, "23503"],
  ])("%s is refused", async (_what, changes, outcome) => {
    expect(await asTenant(key(changes))).toBe(outcome);
  });

  it("as the registry makes them is there, bound to a project and in place of one of theirs", async () => {
    expect(await asTenant(key({ project_id: "MINE_PROJECT", rotated_from_id: "MINE_KEY", owner_kind: "'user'", owner_id: "'ada'" }))).toEqual(ONE);
  });

  it("from elsewhere is for staff who narrowed to add, in one of eight places", async () => {
    const imported = (seat: number) => key({ name: `'imported-${seat}'`, lookup_id: "'~6162636465666768'", lookup_seat: String(seat), pepper_id: "null", environment: "null", imported_at: "now()" });
    expect(await as("registry_platform", `${imported(0)}; ${imported(7)}`)).toEqual(ONE);
    expect(await as("registry_platform", `${imported(3)}; ${imported(3).replace("imported-3", "again")}`)).toBe("23505");
    for (const seat of [-1, 8]) expect(await as("registry_platform", imported(seat))).toBe(CHECK);
    expect(await as("registry_platform", key({ lookup_seat: "1" }))).toBe(CHECK);
    for (const none of ["", undefined]) expect(await attempt(app, "registry_platform", none, filled(imported(0)))).toBe(REFUSED);
  });

  it("has a name that no key has which goes on, and one that has ended may have had", async () => {
    const [holds, ended] = await app.sql<{ name: string }>(filled("select name from api_keys where id in (MINE_KEY, MINE_ENDED) order by revoked_at is not null"));
    expect(await asTenant(key({ name: `'${holds?.name}'` }))).toBe("23505");
    expect(await asTenant(key({ name: `'${ended?.name}'` }))).toEqual(ONE);
    expect(await asTenant(`update api_keys set rotated_at = now(), overlap_ends_at = now() where id = MINE_KEY; ${key({ name: `'${holds?.name}'` })}`)).toEqual(ONE);
  });
});

describe.each<Role>(["registry_tenant", "registry_platform"])("a key, to %s,", (role) => {
  it.each(["hash = 'x'", "pepper_id = null", "lookup_id = null", "scopes = '{write}'", "expires_at = null", "allowed_ips = '{}'", "product = null", "project_id = null", "environment = null", "owner_id = 'x'", "name = 'x'", "last_used_at = now()", "imported_at = now()", "tenant_id = THEIRS"])(
    "is never again made other than it is: %s",
    async (change) => expect(await as(role, `update api_keys set ${change} where id = MINE_KEY`)).toBe(REFUSED),
  );

  it("is ended, and another tenant's is not", async () => {
    const end = "update api_keys set revoked_at = now(), revoked_by = 'ada', revoke_reason = 'requested' where id =";
    expect(await as(role, `${end} MINE_KEY`)).toEqual(ONE);
    expect(await as(role, `${end} THEIRS_KEY`)).toEqual([{ affected: 0 }]);
  });
});

describe("a key that has ended", () => {
  const LATER = ["revoked_at = null", "revoked_at = now()", "revoked_at = 'infinity'", "overlap_ends_at = now()", "rotated_at = now()", "rotated_at = null, overlap_ends_at = null", "revoked_at = null, rotated_at = null, overlap_ends_at = null"];

  it.each(LATER)("does not begin again, whoever says so: %s", async (change) => {
    const statement = `update api_keys set ${change} where id = MINE_ENDED`;
    for (const role of ["registry_tenant", "registry_platform"] as const) expect([role, await as(role, statement)]).toEqual([role, CHECK]);
    await expect(app.sql(filled(statement))).rejects.toMatchObject({ code: CHECK });
  });

  it("can have ended earlier", async () => {
    expect(await asTenant("update api_keys set revoked_at = '2025-12-31', overlap_ends_at = '2025-12-31' where id = MINE_ENDED")).toEqual(ONE);
  });

  it("goes on being the same in everything else", async () => {
    expect(await asTenant("update api_keys set revoke_reason = 'leaked', revoked_at = revoked_at where id = MINE_ENDED")).toEqual(ONE);
  });
});

describe("a key's hash and pepper", () => {
  it.each<Role>(["registry_service", "registry_tenant", "registry_platform", "registry_overview", "registry_product", "registry_queue", "registry_eraser"])("are not there for %s", async (role) => {
    for (const column of ["hash", "pepper_id", "*", "count(hash)", "md5(pepper_id)"]) expect([column, await as(role, `select ${column} from api_keys`)]).toEqual([column, REFUSED]);
  });
});

describe("a tenant's policy", () => {
  it.each<[string, string, Outcome]>([
    ["of a year at most is its own to make", "insert into api_key_policies (tenant_id, max_lifetime_days) values (MINE, 365)", ONE],
    ["of longer than a year is nobody's", "insert into api_key_policies (tenant_id, max_lifetime_days) values (MINE, 366)", CHECK],
    ["of no time at all is nobody's", "insert into api_key_policies (tenant_id, max_lifetime_days) values (MINE, 0)", CHECK],
    ["of another tenant is not its", "insert into api_key_policies (tenant_id) values (THEIRS)", REFUSED],
    ["that lets keys live for ever is not its", "insert into api_key_policies (tenant_id, may_never_expire) values (MINE, true)", REFUSED],
    ["is not changed to let keys live for ever", "update api_key_policies set may_never_expire = true", REFUSED],
  ])("%s", async (_what, statement, outcome) => {
    expect(await asTenant(statement)).toEqual(outcome);
  });

  it("lets keys live for ever when staff say so", async () => {
    expect(await as("registry_platform", "insert into api_key_policies (tenant_id, may_never_expire) values (MINE, true)")).toEqual(ONE);
  });
});

describe("how often a key was used", () => {
  it("is written by nobody who can be asked for it, and is not of another tenant's key", async () => {
    const insert = "insert into api_key_usage (tenant_id, api_key_id, day) values (MINE, MINE_KEY, '2026-01-01')";
    for (const role of ["registry_tenant", "registry_platform", "registry_overview"] as const) {
      for (const statement of [insert, "update api_key_usage set verified = 0", "delete from api_key_usage"]) expect([role, await as(role, statement)]).toEqual([role, REFUSED]);
    }
    await expect(app.sql(filled(insert.replace("MINE_KEY", "THEIRS_KEY")))).rejects.toMatchObject({ code: "23503" });
  });

  it("is there for the worker once it is past keeping, to be forgotten, and not a day before", async () => {
    await app.sql("delete from api_key_usage where day < (now() at time zone 'utc')::date - 399");
    for (const days of [400, 401]) await app.sql("insert into api_key_usage (tenant_id, api_key_id, day) values ($1, $2, (now() at time zone 'utc')::date - $3::int)", [mine.id, names["MINE_KEY"], days]);
    const asQueue = (text: string) => attempt(app, "registry_queue", "", filled(text));
    expect(await asQueue("select day = (now() at time zone 'utc')::date - 401 as old from api_key_usage")).toEqual([{ old: true }]);
    expect(await asQueue("delete from api_key_usage where id is not null")).toEqual(ONE);
    for (const statement of ["select verified from api_key_usage", "select api_key_id from api_key_usage", "update api_key_usage set day = day", "insert into api_key_usage default values", "select id from api_keys"]) expect([statement, await asQueue(statement)]).toEqual([statement, REFUSED]);
  });
});
