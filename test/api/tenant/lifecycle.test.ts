/** Owns the proof of a tenant's whole life through the graph, under a clock that the tests move, with no job running unless they say so. */
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { actionsIn } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { daysFromNow, NOW } from "../../testkit/tenant-step.js";
import { openWorld, unique, type Answer, type Caller, type World } from "../../testkit/world.js";

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});
afterEach(() => {
  app.clock.now = null;
});

/** Tokens are short-lived, and these tests span months: whoever asks is given one of the moment. */
const operator = () => world.caller({ realm_access: { roles: ["platform-operator"] } });
const person = (tenantId: string, role: string) => world.caller({ tenant_id: tenantId, realm_access: { roles: [role] } });
const LIFE = "id status trialEndsAt frozenAt archivesAt archivedAt cancelReason";
const stepOf = (operation: string, more = "") =>
  `mutation ($id: ID!) { ${operation}Tenant(input: { id: $id${more} }) { tenant { ${LIFE} } } }`;

/** Twenty callers want the same step at once: one has it, the others are told where the tenant now stands. */
async function race(document: string, id: string): Promise<Record<string, unknown>> {
  const callers = await Promise.all(Array.from({ length: 20 }, operator));
  const answers = await Promise.all(callers.map((caller) => caller.run(document, { id })));
  const [winner, ...others] = answers.filter(({ body }) => !body.errors);
  expect(others).toEqual([]);
  const [payload] = Object.values(data(winner as Answer));
  for (const loser of answers.filter(({ body }) => body.errors)) expect(fault(loser, "FAILED_PRECONDITION").message).toContain(`is ${payload.tenant.status.toLowerCase()}`);
  return payload.tenant;
}

async function create(input: Record<string, unknown>): Promise<string> {
  const document = "mutation ($input: CreateTenantInput!) { createTenant(input: $input) { tenant { id status } } }";
  return data(await (await operator()).run(document, { input: { slug: unique("life"), name: "A life", ...input } }))["createTenant"].tenant.id;
}

describe("a tenant's life, with twenty callers at every arrow", () => {
  it("trial → active → frozen → active → frozen → archived: one winner and one event each", async () => {
    app.clock.now = NOW;
    const id = await create({});
    expect(await race(stepOf("activate"), id)).toMatchObject({ status: "ACTIVE", trialEndsAt: daysFromNow(14).toISOString() });
    app.clock.now = daysFromNow(100);
    expect(await race(stepOf("cancel", ", reason: CUSTOMER_REQUEST"), id)).toMatchObject({ status: "FROZEN", frozenAt: daysFromNow(100).toISOString(), archivesAt: daysFromNow(130).toISOString() });
    app.clock.now = new Date(daysFromNow(130).getTime() - 1);
    expect(await race(stepOf("reactivate"), id)).toMatchObject({ status: "ACTIVE", frozenAt: null, archivesAt: null, cancelReason: null });
    app.clock.now = daysFromNow(200);
    expect(await race(stepOf("cancel", ", reason: NON_PAYMENT"), id)).toMatchObject({ status: "FROZEN", cancelReason: "NON_PAYMENT" });
    expect(await race(stepOf("archive"), id)).toMatchObject({ status: "ARCHIVED", archivedAt: daysFromNow(200).toISOString(), cancelReason: "NON_PAYMENT" });
    expect(await actionsIn(app, id)).toEqual(["tenant.create", "tenant.activate", "tenant.cancel", "tenant.reactivate", "tenant.cancel", "tenant.archive"]);
  });

  it("a trial that nobody buys: frozen at its end, and archived thirty days later, each told at once; what is stored follows", async () => {
    app.clock.now = NOW;
    const id = await create({ trialDays: 7 });
    const seen = async () => data(await (await person(id, "MEMBER")).run(`{ myTenant { ${LIFE} } }`))["myTenant"];
    const [end, gone] = [daysFromNow(7), daysFromNow(37)];
    app.clock.now = new Date(end.getTime() - 1);
    expect(await seen()).toEqual({ id, status: "TRIAL", trialEndsAt: end.toISOString(), frozenAt: null, archivesAt: null, archivedAt: null, cancelReason: null });
    const frozen = { id, status: "FROZEN", trialEndsAt: end.toISOString(), frozenAt: end.toISOString(), archivesAt: gone.toISOString(), archivedAt: null, cancelReason: "TRIAL_ENDED" };
    for (const time of [end, new Date(gone.getTime() - 1)]) {
      app.clock.now = time;
      expect(await seen()).toEqual(frozen);
    }
    app.clock.now = gone;
    const answer = await (await person(id, "AUDITOR")).run(`{ myTenant { ${LIFE} } }`);
    expect(fault(answer, "FORBIDDEN").message).toContain("archived");
    expect(data(await (await person(id, "AUDITOR")).run("{ auditEvents { nodes { action } } }"))["auditEvents"].nodes).toEqual([{ action: "tenant.create" }]);
    expect(data(await (await operator()).run(`query ($id: ID!) { tenant(id: $id) { ${LIFE} } }`, { id }))["tenant"]).toEqual({ ...frozen, status: "ARCHIVED", archivesAt: null, archivedAt: gone.toISOString() });
    for (const document of [stepOf("reactivate"), stepOf("activate"), stepOf("cancel", ", reason: NON_PAYMENT")]) fault(await (await operator()).run(document, { id }), "FAILED_PRECONDITION");
  });

  it("demo → archived, and nothing else", async () => {
    const id = await create({ kind: "DEMO" });
    for (const document of [stepOf("activate"), stepOf("reactivate"), stepOf("cancel", ", reason: NON_PAYMENT")]) {
      expect(fault(await (await operator()).run(document, { id }), "FAILED_PRECONDITION").message).toContain("is demo");
    }
    expect(await race(stepOf("archive"), id)).toMatchObject({ status: "ARCHIVED", frozenAt: null, cancelReason: null });
    expect(await actionsIn(app, id)).toEqual(["tenant.create", "tenant.archive"]);
  });

  it("different steps at once: exactly one is taken, and whatever comes second starts from where it led", async () => {
    app.clock.now = NOW;
    for (let turn = 0; turn < 5; turn++) {
      const id = await create({ status: "TRIAL" });
      const [activate, cancel] = await Promise.all([stepOf("activate"), stepOf("cancel", ", reason: NON_PAYMENT")].map(async (document) => (await operator()).run(document, { id })) as [Promise<Answer>, Promise<Answer>]);
      const actions = await actionsIn(app, id);
      if (activate.body.errors) expect(actions).toEqual(["tenant.create", "tenant.cancel"]);
      else expect(actions).toEqual(["tenant.create", "tenant.activate", "tenant.cancel"]);
      data(cancel);
    }
  });
});

describe("a trial that ended one second ago is over in every read, with no job at work", () => {
  const WAYS: [string, string, (answer: Record<string, any>) => string][] = [ // any: each document has its own shape
    ["tenant", "query ($id: ID!) { tenant(id: $id) { status } }", ({ tenant }) => tenant.status],
    ["tenantBySlug", "query ($slug: String!) { tenantBySlug(slug: $slug) { status } }", ({ tenantBySlug }) => tenantBySlug.status],
    ["tenants", "query ($slug: String!) { tenants(filter: { nameContains: $slug, status: [FROZEN] }) { nodes { status } } }", ({ tenants }) => tenants.nodes[0]?.status],
    ["tenants with its lists", "query ($slug: String!) { tenants(filter: { nameContains: $slug }) { edges { node { status projects { nodes { tenant { status } } } } } } }", ({ tenants }) => tenants.edges[0].node.projects.nodes[0].tenant.status],
    ["a reference by id", 'query ($id: ID!) { _entities(representations: [{ __typename: "Tenant", id: $id }]) { ... on Tenant { status } } }', ({ _entities }) => _entities[0].status],
    ["a reference by slug", 'query ($slug: String!) { _entities(representations: [{ __typename: "Tenant", slug: $slug }]) { ... on Tenant { status } } }', ({ _entities }) => _entities[0].status],
    ["the tenant of a project", "query ($project: ID!) { project(id: $project) { tenant { status } } }", ({ project }) => project.tenant.status],
    ["the answer of a change", 'mutation ($id: ID!) { updateTenant(input: { id: $id, salesOwner: "lee" }) { tenant { status } } }', ({ updateTenant }) => updateTenant.tenant.status],
    ["myTenant", "{ myTenant { status } }", ({ myTenant }) => myTenant.status],
    ["viewer", "{ viewer { tenant { status } } }", ({ viewer }) => viewer.tenant.status],
  ];

  it.each(WAYS)("%s", async (way, document, statusIn) => {
    app.clock.now = NOW;
    const tenant = await world.tenant({ status: "trial", trialEndsAt: daysFromNow(1) });
    const project = (await tenant.project()).id;
    const own = way === "myTenant" || way === "viewer";
    const ask = async () => statusIn(data(await (own ? await person(tenant.id, "MEMBER") : await operator()).run(document, variables(document, { id: tenant.id, slug: tenant.slug, project }))));
    if (way !== "tenants") expect(await ask()).toBe("TRIAL");
    app.clock.now = new Date(daysFromNow(1).getTime() + 1_000);
    expect(await ask()).toBe("FROZEN");
    expect(await app.sql("select status from tenants where id = $1", [tenant.id])).toEqual([{ status: "trial" }]);
  });

  it("and in what its people are offered", async () => {
    app.clock.now = NOW;
    const { id } = await world.tenant({ status: "trial", trialEndsAt: daysFromNow(1) });
    const offered = async () => data(await (await person(id, "IT_ADMIN")).run("{ viewer { actions } }"))["viewer"].actions as string[];
    expect(await offered()).toEqual(expect.arrayContaining(["project.create", "tenant.update", "tenant.export"]));
    app.clock.now = new Date(daysFromNow(1).getTime() + 1_000);
    const left = await offered();
    expect(left).toEqual(expect.arrayContaining(["tenant.export", "tenant.read", "audit_event.read"]));
    expect(left.filter((action) => /create|update|archive|start/.test(action))).toEqual([]);
  });
});

/** Those of the values that the document names. */
function variables(document: string, values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => document.includes(`$${name}`)));
}

describe("what is remembered of a tenant between requests", () => {
  const mine = (caller: Caller) => caller.run("{ myTenant { status } viewer { actions } }");

  it("a deadline that was moved is seen at the next request after it, however fresh the memory is", async () => {
    app.clock.now = NOW;
    const { id } = await world.tenant({ status: "frozen", frozenAt: daysFromNow(-29) });
    app.clock.now = new Date(daysFromNow(1).getTime() - 1_000);
    const admin = await person(id, "IT_ADMIN");
    expect(data(await mine(admin))["myTenant"].status).toBe("FROZEN");
    data(await (await operator()).run(stepOf("reactivate"), { id }));
    app.clock.now = new Date(daysFromNow(1).getTime() + 1_000);
    expect(data(await mine(admin))).toMatchObject({ myTenant: { status: "ACTIVE" }, viewer: { actions: expect.arrayContaining(["project.create"]) } });
  });

  it("half a minute after it was archived its people see it so, and nothing that it had before", async () => {
    app.clock.now = NOW;
    const tenant = await world.tenant({ status: "frozen", frozenAt: daysFromNow(-1) });
    await tenant.project();
    const auditor = await person(tenant.id, "AUDITOR");
    data(await mine(auditor));
    data(await (await operator()).run(stepOf("archive"), { id: tenant.id }));
    expect(data(await auditor.run("{ myTenant { status projects { totalCount } } }"))["myTenant"]).toEqual({ status: "ARCHIVED", projects: { totalCount: 0 } });
    app.clock.now = new Date(NOW.getTime() + 30_000);
    fault(await auditor.run("{ myTenant { status } }"), "FORBIDDEN");
    expect(data(await auditor.run("{ viewer { actions } auditEvents { nodes { action } } }"))).toEqual({ viewer: { actions: ["audit_event.read", "viewer.read"] }, auditEvents: { nodes: [{ action: "tenant.archive" }] } });
  });
});

describe("a frozen tenant and its deadline", () => {
  it("an own change that began before the freeze and comes after it is refused, and one that came before stays", async () => {
    const tenant = await world.tenant();
    const create = (n: number) => tenant.admin.run("mutation ($slug: String!) { createProject(input: { slug: $slug, name: \"x\" }) { project { id } } }", { slug: `p-${n}` });
    const cancelled = (await operator()).run(stepOf("cancel", ", reason: NON_PAYMENT"), { id: tenant.id });
    const answers = await Promise.all([...Array.from({ length: 20 }, (_, n) => create(n)), cancelled]);
    data(answers.pop() as Answer);
    const done = answers.filter(({ body }) => !body.errors).length;
    for (const refused of answers.filter(({ body }) => body.errors)) expect(fault(refused, "TENANT_READ_ONLY").message).toContain("frozen");
    fault(await create(99), "TENANT_READ_ONLY");
    const actions = await actionsIn(app, tenant.id);
    expect(actions.filter((action) => action === "project.create")).toHaveLength(done);
    expect(actions.slice(actions.indexOf("tenant.cancel"))).toEqual(["tenant.cancel"]);
  });
});
