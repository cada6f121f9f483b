/** Owns the proof of which operations are counted, and for whom: asked over HTTP of the running service. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { data, fault } from "../testkit/outcome.js";
import { openRegistry, type Registry } from "../testkit/registry.js";
import { openWorld, type Caller, type TenantInWorld, type World } from "../testkit/world.js";

let app: Registry;
let world: World;
let tenant: TenantInWorld;
const NOON = new Date("2031-05-10T12:00:00Z");
beforeAll(async () => {
  app = await openRegistry();
  app.clock.now = NOON;
  world = await openWorld(app);
});
afterAll(() => app.close());
beforeEach(async () => {
  app.clock.now = NOON;
  tenant = await world.tenant();
});

const OK = "{ __typename }";
const counted = async ({ id }: { id: string }) => {
  await app.service.usage.flush();
  return app.sql("select day::text, environment, operations::int, errors::int from tenant_usage where tenant_id = $1 order by day, environment", [id]);
};
const row = (operations: number, errors = 0, { day = "2031-05-10", environment = "" } = {}) => ({ day, environment, operations, errors });
const times = async (count: number, work: () => Promise<unknown>) => {
  for (let n = 0; n < count; n++) await work();
};

describe("an operation", () => {
  it("of a tenant's people is counted for their tenant and for nobody else", async () => {
    const neighbour = await world.tenant();
    await times(2, async () => data(await tenant.member.run(OK)));
    await times(3, async () => data(await neighbour.admin.run("{ myTenant { slug } }")));
    expect([await counted(tenant), await counted(neighbour)]).toEqual([[row(2)], [row(3)]]);
  });

  it("that is answered with an error is counted as one too, whichever it is", async () => {
    for (const [document, code] of [
      ["{", "GRAPHQL_PARSE_FAILED"],
      ["{ nothing }", "GRAPHQL_VALIDATION_FAILED"],
      ["{ jobs { nodes { id } } }", "FORBIDDEN"],
      ["{ project(id: \"x\") { id } jobs { nodes { id } } }", "FORBIDDEN"],
      ['mutation { createProject(input: { slug: "-", name: "x" }) { project { id } } }', "BAD_USER_INPUT"],
    ] as const) {
      expect((await tenant.admin.run(document)).body.errors?.[0]?.extensions.code).toBe(code);
    }
    data(await tenant.admin.run(OK));
    expect(await counted(tenant)).toEqual([row(6, 5)]);
  });

  it("that fails inside the registry is counted as an error of the tenant's", async () => {
    await app.sql("create function refuse() returns trigger language plpgsql as $$ begin raise exception 'the log is full'; end $$");
    await app.sql("create trigger refusal before insert on audit_log for each row execute function refuse()");
    try {
      fault(await tenant.admin.run('mutation { createProject(input: { slug: "site", name: "x" }) { project { id } } }'), "INTERNAL_SERVER_ERROR");
    } finally {
      await app.sql("drop trigger refusal on audit_log");
    }
    expect(await counted(tenant)).toEqual([row(1, 1)]);
  });

  it("is counted on its day, over midnight UTC", async () => {
    app.clock.now = new Date("2031-05-10T23:59:59.999Z");
    const late = await world.tenant();
    data(await late.member.run(OK));
    app.clock.now = new Date("2031-05-11T00:00:00Z");
    await times(2, async () => data(await late.member.run(OK)));
    expect(await counted(late)).toEqual([row(1), row(2, 0, { day: "2031-05-11" })]);
  });

  it("is counted for the environment that its header names", async () => {
    await tenant.environment({ slug: "prod" });
    await tenant.environment({ slug: "staging" });
    const inEnvironment = (environment: string) => tenant.member.run("{ viewer { subject } }", {}, { "x-environment-id": environment });
    data(await tenant.member.run(OK));
    await times(2, async () => data(await inEnvironment("prod")));
    data(await inEnvironment("staging"));
    expect(await counted(tenant)).toEqual([row(1), row(2, 0, { environment: "prod" }), row(1, 0, { environment: "staging" })]);
  });

  it("for an environment that there is not is refused before it is one, and counted nowhere", async () => {
    await tenant.environment({ slug: "prod" });
    fault(await tenant.member.run(OK, {}, { "x-environment-id": "staging" }), "NOT_FOUND");
    expect(await counted(tenant)).toEqual([]);
  });

  it("of staff is counted for the tenant that they act in, and for none without one", async () => {
    data(await world.support.run(OK, {}, { "x-tenant-id": tenant.slug }));
    data(await world.support.run("query ($id: ID!) { tenant(id: $id) { id } }", { id: tenant.id }));
    expect(await counted(tenant)).toEqual([row(1)]);
  });

  it("of a service is counted for the tenant and environment whose context it was given, and for nothing else", async () => {
    const neighbour = await world.tenant();
    for (const one of [tenant, neighbour]) await one.environment({ slug: "prod" });
    const asked = "query ($tenant: String!, $environment: String) { tenantContext(tenant: $tenant, environment: $environment) { tenantId } }";
    await times(2, async () => expect(data(await world.service.run(asked, { tenant: tenant.slug, environment: "prod" }))["tenantContext"]).toEqual({ tenantId: tenant.id }));
    expect(data(await world.service.run(asked, { tenant: tenant.slug, environment: "staging" }))).toEqual({ tenantContext: null });
    data(await world.service.run(OK));
    expect([await counted(tenant), await counted(neighbour)]).toEqual([[row(2, 0, { environment: "prod" })], []]);
  });

  it("that hands out contexts of two tenants is counted once for each, whatever teams they are for", async () => {
    const neighbour = await world.tenant();
    for (const one of [tenant, neighbour]) await one.environment({ slug: "prod" });
    for (const slug of ["support", "sales"]) await tenant.team({ slug });
    const document = `{
      a: tenantContext(tenant: "${tenant.slug}", environment: "prod", team: "support") { team }
      b: tenantContext(tenant: "${tenant.slug}", environment: "prod", team: "sales") { team }
      c: tenantContext(tenant: "${neighbour.slug}", environment: "prod") { team }
    }`;
    expect(data(await world.service.run(document))).toEqual({ a: { team: "support" }, b: { team: "sales" }, c: { team: null } });
    expect([await counted(tenant), await counted(neighbour)]).toEqual([[row(1, 0, { environment: "prod" })], [row(1, 0, { environment: "prod" })]]);
  });

  it("of nobody, and of a person without a tenant, is counted for nobody", async () => {
    const before = await app.sql("select count(*)::int as rows, sum(operations)::int as operations from tenant_usage");
    for (const caller of [world.anonymous, await world.caller({})] as Caller[]) await caller.run(OK);
    await app.service.usage.flush();
    expect(await app.sql("select count(*)::int as rows, sum(operations)::int as operations from tenant_usage")).toEqual(before);
  });
});

it("what an instance has counted is written when it is closed", async () => {
  const instance = await openRegistry();
  const own = await (await openWorld(instance)).tenant();
  data(await own.member.run(OK));
  let written: unknown;
  const destroy = instance.dataSource.destroy.bind(instance.dataSource);
  instance.dataSource.destroy = async () => {
    written = await instance.sql("select operations::int from tenant_usage where tenant_id = $1", [own.id]);
    await destroy();
  };
  await instance.close();
  expect(written).toEqual([{ operations: 1 }]);
});
