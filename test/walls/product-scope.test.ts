/** Owns the proof that a product's service sees, of exactly the tenants that it asks about, no more than a product may know. */
import { randomUUID } from "node:crypto";
import sql from "sql-template-tag";
import { beforeAll, describe, expect, it } from "vitest";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld } from "../testkit/world.js";
import { attempt, type Outcome } from "./scopes.js";
import { adminOf, houseOf, operator, service, visit } from "./visits.js";

const REFUSED = "42501";
const SHOWN = {
  tenants: "id", tenant_projects: "tenant_id", tenant_products: "tenant_id", tenant_environments: "tenant_id", environment_placements: "tenant_id", tenant_teams: "tenant_id",
  team_channels: "tenant_id", tenant_flows: "tenant_id", flow_versions: "tenant_id", environment_flows: "tenant_id",
};
const HIDDEN = ["tenant_idp_config", "api_keys", "audit_log", "idempotency_keys", "tenant_usage"];
/** What is for people, or may hold what is not for everybody who runs a product. */
const WITHHELD = ["tenant_environments.name", "tenant_teams.name", "team_channels.provider", "team_channels.config", "tenant_flows.latest_number", "flow_versions.published_by", "environment_flows.id", "environment_placements.id"];

let app: Registry;
let tenants: TenantInWorld[];
let ids: [string, string, string];
beforeAll(async () => {
  app = await registry();
  const world = await openWorld(app);
  tenants = [await world.tenant(), await world.tenant(), await world.tenant()];
  ids = tenants.map(({ id }) => id).toSorted() as typeof ids;
  for (const tenant of tenants) {
    await tenant.project();
    await tenant.entitlement();
    await tenant.idpConfig();
    await tenant.apiKey();
    await tenant.auditEvent();
    await tenant.channel();
    await tenant.running(await tenant.environment(), await tenant.flow());
    await tenant.usage();
  }
});

const asProduct = (asked: string | undefined, text: string): Promise<Outcome> => attempt(app, "registry_product", asked, text);
const about = (asked: readonly string[]) => visit(houseOf(app), service).about(asked);
const idsAbout = async (asked: readonly string[]) => (await about(asked).read<{ id: string }>(sql`select id from tenants order by id`)).map(({ id }) => id);

describe("in the scope of the tenants that are asked about", () => {
  it.each(Object.entries(SHOWN))("%s shows their rows and nobody else's, and none when nobody is asked about", async (table, column) => {
    const whose = `select distinct ${column} as id from ${table} order by 1`;
    expect(await asProduct(ids.join(","), whose)).toEqual(ids.map((id) => ({ id })));
    expect(await asProduct(`${ids[0]},${randomUUID()},${ids[2]}`, whose)).toEqual([{ id: ids[0] }, { id: ids[2] }]);
    for (const nobody of ["", undefined]) expect(await asProduct(nobody, whose)).toEqual([]);
  });

  it.each(HIDDEN)("%s is not there, though each of them has rows in it", async (table) => {
    if (table !== "idempotency_keys") expect(await app.sql(`select from ${table} where tenant_id = $1`, [ids[0]])).not.toEqual([]);
    for (const columns of ["", "count(*)", "tenant_id"]) expect(await asProduct(ids.join(","), `select ${columns} from ${table}`)).toBe(REFUSED);
  });

  it.each(["name", "stripe_cust_id", "erp_customer_id", "sales_owner", "contract_end", "keycloak_org_id", "*"])("a tenant's %s is not shown", async (column) => {
    expect(await asProduct(ids[0], `select ${column} from tenants`)).toBe(REFUSED);
  });

  it.each(WITHHELD)("%s is not shown", async (name) => {
    const [table = "", column] = name.split(".");
    for (const columns of [column, "*", `(${table}).${column}`]) expect(await asProduct(ids[0], `select ${columns} from ${table}`)).toBe(REFUSED);
  });

  it.each(Object.entries(SHOWN))("%s is not written, locked or deleted from", async (table, column) => {
    for (const statement of [`insert into ${table} default values`, `update ${table} set ${column} = ${column}`, `delete from ${table}`, `truncate ${table} cascade`, `select ${column} from ${table} for share`]) {
      expect([statement, await asProduct(ids[0], statement)]).toEqual([statement, REFUSED]);
    }
  });

  it.each(["abc", "*", "' or true --", "00000000", `${randomUUID()}, or true`, "{}"])("a malformed list %j is an error, not everything", async (asked) => {
    for (const table of Object.keys(SHOWN)) expect(await asProduct(asked, `select from ${table}`)).toBe("22P02");
  });
});

describe("through the door", () => {
  it("a service sees whom it asks about, in any letter case, once, and nobody when it asks about nobody", async () => {
    expect(await idsAbout([ids[0], ids[1]])).toEqual([ids[0], ids[1]]);
    expect(await idsAbout([ids[2].toUpperCase(), ids[2]])).toEqual([ids[2]]);
    expect(await idsAbout([randomUUID()])).toEqual([]);
    expect(await idsAbout([])).toEqual([]);
  });

  it.each(["", "abc", "\0", "' or true --", "*", "x,y"])("a malformed id %j is one that does not exist, and spoils no other", async (id) => {
    expect(await idsAbout([id])).toEqual([]);
    expect(await idsAbout([id, ids[0], `${id},${ids[1]}`])).toEqual([ids[0]]);
  });

  it("about a hundred at once, and no more", async () => {
    const hundred = [...Array.from({ length: 97 }, () => randomUUID()), ...ids];
    expect(await idsAbout(hundred)).toEqual(ids);
    await expect(about([...hundred, randomUUID()]).read(sql`select id from tenants`)).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
  });

  it("nothing is written, whatever the statement", async () => {
    for (const statement of [sql`update tenants set plan = 'x'`, sql`with t as (delete from tenant_products returning product) select * from t`]) {
      await expect(about(ids).read(statement)).rejects.toMatchObject({ code: /^(42501|25006)$/ });
    }
  });

  it("without asking about somebody, a service still sees nobody", async () => {
    expect(await visit(houseOf(app), service).read(sql`select id from tenants`)).toEqual([]);
  });

  it("everybody else sees what it always sees: a person its own tenant, staff whom they narrowed to, or all", async () => {
    const seen = async (principal: Parameters<typeof visit>[1]) =>
      (await visit(houseOf(app), principal).about([ids[0], ids[1]]).read<{ id: string }>(sql`select id from tenants where id = any(${ids}::uuid[]) order by id`)).map(({ id }) => id);
    expect(await seen(adminOf(ids[0]))).toEqual([ids[0]]);
    expect(await seen(adminOf(ids[2]))).toEqual([ids[2]]);
    expect(await seen(adminOf(null))).toEqual([]);
    expect(await seen(operator(ids[1]))).toEqual([ids[1]]);
    expect(await seen(operator())).toEqual(ids);
    await expect(seen(null)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });
});
