import { randomUUID } from "node:crypto";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { PAGE_ARGUMENTS, PAGE_VARIABLES, walk } from "../../testkit/pages.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { countStatements } from "../../testkit/statements.js";
import { openWorld, type Caller, type World } from "../../testkit/world.js";

const FLOW = "query ($id: ID!) { flow(id: $id) { id name latestNumber createdAt latest { number label body publishedBy } tenant { id } } }";
const VERSIONS = `query ($id: ID!, ${PAGE_VARIABLES}) { flow(id: $id) { versions(${PAGE_ARGUMENTS}) { totalCount nodes { number } edges { cursor node { number } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

afterEach(() => {
  vi.restoreAllMocks();
});

const ask = (caller: Caller, id: string, headers = {}) => caller.run(FLOW, { id }, headers);

describe("flow", () => {
  it.each(["", "x", "a\u0000b", "\ud800"])("invalid: %j is the id of no flow", async (id) => {
    expect(data(await ask(world.support, id))).toEqual({ flow: null });
  });

  it("unauthenticated: nobody without a token sees one", async () => {
    fault(await ask(world.anonymous, (await (await world.tenant()).flow()).id), "UNAUTHENTICATED");
  });

  it("forbidden: a service and a person without a tenant see none", async () => {
    const { id } = await (await world.tenant()).flow();
    for (const caller of [world.service, await world.caller({})]) fault(await ask(caller, id), "FORBIDDEN");
  });

  it("someone else's: a flow that exists and one that does not are the same answer", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    const { id } = await theirs.flow();
    expect(data(await ask(theirs.member, id))["flow"].id).toBe(id);
    const answer = await ask(mine.admin, id);
    expect(data(answer)).toEqual({ flow: null });
    expect(answer.body).toEqual((await ask(mine.admin, randomUUID())).body);
    expect(data(await ask(world.support, id, { "x-tenant-id": mine.id }))).toEqual({ flow: null });
    expect(data(await ask(world.support, id))["flow"].tenant.id).toBe(theirs.id);
  });

  it("frozen: the tenant's own people still read it", async () => {
    const tenant = await world.tenant({ status: "frozen" });
    const { id } = await tenant.flow();
    expect(data(await ask(tenant.member, id))["flow"].id).toBe(id);
  });

  it("ok: a member reads a flow of its tenant with its latest version", async () => {
    const tenant = await world.tenant();
    const { id, name } = await tenant.flow({ versions: 3 });
    expect(data(await ask(tenant.member, id))["flow"]).toEqual({
      id, name, latestNumber: 3, createdAt: expect.any(String),
      latest: { number: 3, label: "3", body: { version: "3", nodes: [{ id: "start", type: "message" }] }, publishedBy: "ada" },
      tenant: { id: tenant.id },
    });
  });

  it("is an entity: a router's reference is answered as the query is", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    const [own, foreign] = [await mine.flow(), await theirs.flow()];
    const asked = "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Flow { id name } } }";
    const representations = [own.id, foreign.id, "x"].map((id) => ({ __typename: "Flow", id }));
    expect(data(await mine.member.run(asked, { r: representations }))["_entities"]).toEqual([{ id: own.id, name: own.name }, null, null]);
  });
});

describe("Flow.versions", () => {
  const numbersOf = (answer: Record<string, any>) => answer["flow"].versions.nodes.map(({ number }: { number: number }) => number); // any: as the document says

  it.each([0, 101, -1])("first: %j is refused", async (first) => {
    const tenant = await world.tenant();
    fault(await tenant.member.run(VERSIONS, { id: (await tenant.flow()).id, first }), "BAD_USER_INPUT", "first");
  });

  it("a cursor is of this list only, and a forged number is none", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.flow({ versions: 2 });
    const forged = (key: string) => Buffer.from(JSON.stringify(["flow_version.number.desc", key, randomUUID()])).toString("base64url");
    for (const after of ["x", ...["", "1e3", "-1", "2147483648", "99999999999", "1; drop"].map(forged)]) fault(await tenant.member.run(VERSIONS, { id, after }), "BAD_USER_INPUT", "after");
  });

  it("the latest first, by number and not by its text, and page by page from either end", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.flow({ versions: 12 });
    await tenant.flow({ versions: 2 });
    const whole = data(await tenant.member.run(VERSIONS, { id }));
    expect(numbersOf(whole)).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    expect(whole["flow"].versions.totalCount).toBe(12);
    const byId = VERSIONS.replaceAll("{ number }", "{ id: number }");
    for (const direction of ["forward", "backward"] as const) {
      const walked = await walk({ caller: tenant.member, document: byId, variables: { id }, at: (answer) => answer["flow"].versions, size: 5, direction });
      expect(walked).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    }
  });

  it("of several flows at once each has its own, for staff too", async () => {
    const tenant = await world.tenant();
    await tenant.flow({ name: "b", versions: 2 });
    await tenant.flow({ name: "a", versions: 1 });
    const asked = "query ($id: ID!) { tenant(id: $id) { flows { totalCount nodes { name latest { number } versions(first: 1) { totalCount nodes { number label } pageInfo { hasNextPage } } } } } }";
    for (const caller of [tenant.member, world.support]) {
      expect(data(await caller.run(asked, { id: tenant.id }))["tenant"].flows).toEqual({
        totalCount: 2,
        nodes: [
          { name: "a", latest: { number: 1 }, versions: { totalCount: 1, nodes: [{ number: 1, label: "1" }], pageInfo: { hasNextPage: false } } },
          { name: "b", latest: { number: 2 }, versions: { totalCount: 2, nodes: [{ number: 2, label: "2" }], pageInfo: { hasNextPage: true } } },
        ],
      });
    }
  });
});

describe("Tenant.flows", () => {
  it("someone else's are not among them", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    await theirs.flow({ name: "theirs" });
    await mine.flow({ name: "mine" });
    const own = "{ myTenant { flows { totalCount nodes { name latest { body } } } } }";
    expect(data(await theirs.member.run(own))["myTenant"].flows).toMatchObject({ totalCount: 1, nodes: [{ name: "theirs" }] });
    expect(data(await mine.member.run(own))["myTenant"].flows).toMatchObject({ totalCount: 1, nodes: [{ name: "mine" }] });
  });

  it("written by Postgres and resolved field by field they are the same", async () => {
    const tenant = await world.tenant();
    await tenant.flow({ name: "b", versions: 2 });
    await tenant.flow({ name: "a", body: { nodes: [{ id: "x", type: "y", config: { é: [1, 2.5, null] } }] } });
    const fields = "flows { nodes { id name latestNumber createdAt latest { number label body publishedBy createdAt } } }";
    // A `tenant` below a flow is for the resolvers.
    const [written, resolved] = [data(await tenant.member.run(`{ myTenant { ${fields} } }`)), data(await tenant.member.run(`{ myTenant { ${fields.replace("nodes {", "nodes { tenant { id }")} } }`))];
    for (const node of resolved["myTenant"].flows.nodes) {
      expect(node.tenant).toEqual({ id: tenant.id });
      delete node.tenant;
    }
    expect(resolved).toEqual(written);
  });
});

describe("Environment.flows", () => {
  const FLOWS = "query ($id: ID!) { environment(id: $id) { flows { flow number label body } } }";

  it("what it runs, by name, in the version that it runs; what was stopped is not among it", async () => {
    const tenant = await world.tenant();
    const [prod, staging] = [await tenant.environment(), await tenant.environment()];
    const [a, b, c] = [await tenant.flow({ name: "a", versions: 2 }), await tenant.flow({ name: "b", versions: 2 }), await tenant.flow({ name: "c" })];
    await tenant.running(prod, b, 1);
    await tenant.running(prod, a, 2);
    await tenant.running(prod, c, null);
    await tenant.running(staging, a, 1);
    const body = (version: string) => ({ version, nodes: [{ id: "start", type: "message" }] });
    expect(data(await tenant.member.run(FLOWS, { id: prod.id }))["environment"].flows).toEqual([
      { flow: "a", number: 2, label: "2", body: body("2") },
      { flow: "b", number: 1, label: "1", body: body("1") },
    ]);
    expect(data(await tenant.member.run(FLOWS, { id: staging.id }))["environment"].flows).toMatchObject([{ flow: "a", number: 1 }]);
  });

  it("a body is read only where it is asked for, and once for all environments that run it", async () => {
    const tenant = await world.tenant();
    const flow = await tenant.flow({ name: "a" });
    for (let count = 0; count < 3; count += 1) await tenant.running(await tenant.environment(), flow);
    const ask = async (fields: string) => {
      const statements = countStatements();
      const { environments } = data(await tenant.member.run(`{ myTenant { environments { flows { ${fields} } } } }`))["myTenant"];
      vi.restoreAllMocks();
      return { shown: environments.map(({ flows }: { flows: unknown[] }) => flows), ofBodies: statements.filter((text) => /body/.test(text)).length };
    };
    expect(await ask("flow number")).toEqual({ shown: Array(3).fill([{ flow: "a", number: 1 }]), ofBodies: 0 });
    expect(await ask("label")).toEqual({ shown: Array(3).fill([{ label: "1" }]), ofBodies: 1 });
    expect(await ask("body")).toEqual({ shown: Array(3).fill([{ body: { version: "1", nodes: [{ id: "start", type: "message" }] } }]), ofBodies: 1 });
  });

  it("more bodies than an answer could hold are not read into memory: the question is refused, and answered without them", async () => {
    const tenant = await world.tenant();
    const environments = [await tenant.environment(), await tenant.environment()];
    await app.sql("insert into tenant_flows (tenant_id, name, latest_number) select $1, 'f' || made, 2 from generate_series(1, 150) made", [tenant.id]);
    await app.sql(
      `insert into flow_versions (tenant_id, flow_id, number, body, published_by)
       select tenant_id, id, number, jsonb_build_object('version', 'v' || number, 'nodes', jsonb_build_array(jsonb_build_object('id', 'a', 'type', 'b', 'text', repeat('x', 65000)))), 'ada'
       from tenant_flows, generate_series(1, 2) number where tenant_id = $1`,
      [tenant.id],
    );
    for (const [at, { id }] of environments.entries()) {
      await app.sql("insert into environment_flows (tenant_id, environment_id, flow_id, number) select tenant_id, $2, id, $3 from tenant_flows where tenant_id = $1", [tenant.id, id, at + 1]);
    }
    const ask = (fields: string) => tenant.member.run(`{ myTenant { environments { flows { ${fields} } } } }`);
    const refused = await ask("flow body");
    expect(new Set(refused.body.errors?.map(({ extensions, message }) => `${extensions.code} ${message}`))).toEqual(new Set(["LIMIT_EXCEEDED The flows have more to say than an answer can hold: ask for fewer"]));
    const shown = data(await ask("number label"))["myTenant"].environments as { flows: { number: number; label: string }[] }[];
    expect(shown.flatMap(({ flows }) => flows).filter(({ number, label }) => label === `v${number}`)).toHaveLength(300);
  });

  it("someone else's environment shows none of its flows", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    const environment = await theirs.environment();
    await theirs.running(environment, await theirs.flow());
    expect(data(await theirs.member.run(FLOWS, { id: environment.id }))["environment"].flows).toHaveLength(1);
    expect(data(await mine.admin.run(FLOWS, { id: environment.id }))).toEqual({ environment: null });
  });
});
