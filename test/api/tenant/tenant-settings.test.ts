import { beforeAll, describe, expect, it } from "vitest";
import { actionsIn, eventsOf } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type World } from "../../testkit/world.js";

const SETTINGS = "settings { timezone language currency weekStart }";
const UPDATE = `mutation ($input: UpdateTenantInput!) { updateTenant(input: $input) { tenant { name version ${SETTINGS} } } }`;
const UNSAID = { timezone: null, language: null, currency: null, weekStart: null };

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const update = (caller: Caller, input: Record<string, unknown>) => caller.run(UPDATE, { input });
const rowOf = async (id: string) => (await app.sql("select name, settings, version from tenants where id = $1", [id]))[0];

describe("a tenant's settings", () => {
  it.each([
    [{ timezone: "Europe/Atlantis" }, "settings.timezone"],
    [{ timezone: "+01:00" }, "settings.timezone"],
    [{ language: "de_DE" }, "settings.language"],
    [{ timezone: "UTC", currency: "BTC" }, "settings.currency"],
    [{ language: "de\u0000" }, "settings.language"],
    [{ weekStart: "SOMEDAY" }, undefined],
    [{ colour: "red" }, undefined],
    [null, "settings"],
    ["UTC", undefined],
  ])("invalid: %j are refused, with everything that is given beside them", async (settings, field) => {
    const tenant = await world.tenant({ name: "before" });
    fault(await update(tenant.admin, { id: tenant.id, name: "x", settings }), "BAD_USER_INPUT", field);
    expect(await rowOf(tenant.id)).toEqual({ name: "before", settings: {}, version: 1 });
    expect(await actionsIn(app, tenant.id)).toEqual([]);
  });

  it("are changed by its admin and by operators, and by nobody else", async () => {
    const tenant = await world.tenant();
    const other = await world.tenant();
    const input = { id: tenant.id, settings: { timezone: "UTC" } };
    for (const caller of [tenant.member, tenant.auditor, world.support, world.service]) fault(await update(caller, input), "FORBIDDEN");
    fault(await update(world.anonymous, input), "UNAUTHENTICATED");
    fault(await update(other.admin, input), "NOT_FOUND");
    expect(await rowOf(tenant.id)).toMatchObject({ settings: {} });
    for (const [caller, timezone] of [[tenant.admin, "Asia/Tokyo"], [world.operator, "Asia/Seoul"]] as const) {
      expect(data(await update(caller, { id: tenant.id, settings: { timezone } }))["updateTenant"].tenant.settings.timezone).toBe(timezone);
    }
  });

  it("stay as they are in a frozen and in an archived tenant", async () => {
    for (const status of ["frozen", "archived"]) {
      const tenant = await world.tenant({ status });
      fault(await update(tenant.admin, { id: tenant.id, settings: { timezone: "UTC" } }), "TENANT_READ_ONLY");
      expect(await rowOf(tenant.id)).toMatchObject({ settings: {}, version: 1 });
    }
  });

  it("are changed one by one: given ones replace, null ones are the platform's again, and the others stay", async () => {
    const tenant = await world.tenant({ name: "A tenant" });
    const steps = [
      [{ timezone: "Europe/Berlin", language: "de-ch", currency: "CHF" }, { timezone: "Europe/Berlin", language: "de-CH", currency: "CHF", weekStart: null }],
      [{ language: "fr", currency: null, weekStart: "SUNDAY" }, { timezone: "Europe/Berlin", language: "fr", currency: null, weekStart: "SUNDAY" }],
      [{ timezone: null, language: null, weekStart: null }, UNSAID],
    ] as const;
    for (const [index, [settings, after]] of steps.entries()) {
      expect(data(await update(tenant.admin, { id: tenant.id, settings, expectedVersion: index + 1 }))["updateTenant"].tenant).toEqual({ name: "A tenant", version: index + 2, settings: after });
    }
    expect(await rowOf(tenant.id)).toMatchObject({ settings: {} });
    expect((await eventsOf(app, tenant.id)).map(({ action, metadata }) => [action, metadata["changed"]])).toEqual(steps.map(() => ["tenant.update", ["settings"]]));
  });

  it("that are what they were write no event and no version", async () => {
    const tenant = await world.tenant();
    data(await update(tenant.admin, { id: tenant.id, settings: { language: "de-CH", timezone: "UTC" } }));
    for (const settings of [{}, { language: "de-ch" }, { timezone: "UTC", currency: null }]) data(await update(tenant.admin, { id: tenant.id, settings }));
    expect(await rowOf(tenant.id)).toMatchObject({ version: 2 });
    expect(await actionsIn(app, tenant.id)).toEqual(["tenant.update"]);
  });

  it("are shown with whatever else is asked of the tenant, in every way of answering", async () => {
    const tenant = await world.tenant();
    await app.sql(`update tenants set settings = '{"timezone": "Asia/Kolkata", "weekStart": "sunday", "planet": "mars"}' where id = $1`, [tenant.id]);
    const shown = { ...UNSAID, timezone: "Asia/Kolkata", weekStart: "SUNDAY" };
    // Written by Postgres, and by resolvers because of the filter beside it.
    for (const beside of ["", 'projects(filter: { nameContains: "zzz" }) { nodes { id } }']) {
      for (const head of ["myTenant", `tenant(id: "${tenant.id}")`, `tenantBySlug(slug: "${tenant.slug}")`]) {
        const answer = data(await tenant.member.run(`{ found: ${head} { slug ${SETTINGS} ... on Tenant { part: settings { weekStart __typename } } ${beside} } }`));
        expect(answer["found"]).toMatchObject({ slug: tenant.slug, settings: shown, part: { weekStart: "SUNDAY", __typename: "Settings" } });
      }
    }
    const { tenants } = data(await world.support.run(`{ tenants(first: 1, filter: { nameContains: "${tenant.slug}" }) { nodes { ${SETTINGS} } } }`));
    expect(tenants.nodes).toEqual([{ settings: shown }]);
  });

  it("are none in a new tenant, and in what was answered before there were any", async () => {
    const input = { slug: unique("t"), name: "New", idempotencyKey: unique("key") };
    const create = () => world.operator.run(`mutation ($input: CreateTenantInput!) { createTenant(input: $input) { tenant { ${SETTINGS} } } }`, { input });
    expect(data(await create())["createTenant"].tenant).toEqual({ settings: UNSAID });
    await app.sql("update idempotency_keys set result = (result::jsonb #- '{tenant,settings}')::json where key = $1", [input.idempotencyKey]);
    expect(await app.sql("select result #> '{tenant,settings}' as settings from idempotency_keys where key = $1", [input.idempotencyKey])).toEqual([{ settings: null }]);
    expect(data(await create())["createTenant"].tenant).toEqual({ settings: UNSAID });
  });
});
