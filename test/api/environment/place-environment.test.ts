import { randomUUID } from "node:crypto";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { actionsIn, eventsOf } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, type Caller, type World } from "../../testkit/world.js";

const PLACE = `mutation ($input: PlaceEnvironmentInput!) { placeEnvironment(input: $input) { environment { id version cluster { slug } placements { cluster { slug known } placedAt endedAt } } } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});
afterEach(() => {
  app.clock.now = null;
});

const place = (caller: Caller, id: string, cluster: string, more: Record<string, unknown> = {}) => caller.run(PLACE, { input: { id, cluster, ...more } });
const placed = async (id: string, cluster: string) => data(await place(world.operator, id, cluster))["placeEnvironment"].environment;
const rowsOf = (id: string) => app.sql("select cluster, placed_at, ended_at from environment_placements where environment_id = $1 order by placed_at, ended_at nulls last", [id]);

describe("placeEnvironment", () => {
  it("invalid: another tenant's own cluster is refused in the words in which one is that there is not", async () => {
    const environment = await (await world.tenant()).environment();
    const answers = await Promise.all(["bigcorp", "nowhere", "", "__proto__", "a\u0000"].map((cluster) => place(world.operator, environment.id, cluster)));
    for (const answer of answers) fault(answer, "BAD_USER_INPUT", "cluster");
    expect(answers[0]?.body).toEqual(answers[1]?.body);
    expect(await rowsOf(environment.id)).toHaveLength(1);
  });

  it("unauthenticated and forbidden: nobody but operators places one", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.environment();
    fault(await place(world.anonymous, id, "shared-2"), "UNAUTHENTICATED");
    for (const caller of [tenant.admin, tenant.member, tenant.auditor, world.support, world.service]) fault(await place(caller, id, "shared-2"), "FORBIDDEN");
    expect(await rowsOf(id)).toMatchObject([{ cluster: "shared", ended_at: null }]);
  });

  it("an environment that there is not, and one that the operator's request is not about, are the same answer", async () => {
    const [one, other] = [await world.tenant(), await world.tenant()];
    const { id } = await other.environment();
    const missing = await place(world.operator, randomUUID(), "shared-2");
    fault(missing, "NOT_FOUND");
    const narrowed = await world.operator.run(PLACE, { input: { id, cluster: "shared-2" } }, { "x-tenant-id": one.id });
    expect(narrowed.body).toEqual(missing.body);
    expect(await rowsOf(id)).toHaveLength(1);
  });

  it("in an archived tenant nothing is placed; in a frozen one an operator may", async () => {
    const archived = await (await world.tenant({ status: "archived" })).environment();
    fault(await place(world.operator, archived.id, "shared-2"), "TENANT_READ_ONLY");
    expect(await rowsOf(archived.id)).toHaveLength(1);
    const frozen = await (await world.tenant({ status: "frozen" })).environment();
    expect((await placed(frozen.id, "shared-2")).cluster).toEqual({ slug: "shared-2" });
  });

  it("an environment that was put away is not placed", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.environment({ archivedAt: new Date() });
    for (const cluster of ["shared-2", "shared"]) fault(await place(world.operator, id, cluster), "FAILED_PRECONDITION", "id");
    expect(await rowsOf(id)).toHaveLength(1);
  });

  it("where it already runs, nothing changes: no event, no version, no row", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.environment();
    expect(await placed(id, "shared")).toMatchObject({ version: 1 });
    expect([await rowsOf(id), await actionsIn(app, tenant.id)]).toEqual([[expect.objectContaining({ cluster: "shared", ended_at: null })], []]);
  });

  it("whoever saw it elsewhere has not seen this: the version grows, and the older one is refused", async () => {
    const { id } = await (await world.tenant()).environment();
    expect(await placed(id, "shared-2")).toMatchObject({ version: 2 });
    fault(await place(world.operator, id, "shared", { expectedVersion: 1 }), "CONFLICT", "expectedVersion");
    data(await place(world.operator, id, "shared", { expectedVersion: 2 }));
  });

  it("of ten at once each is done after the other: one present placement, and a history without gaps", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.environment();
    const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => place(world.operator, id, n % 2 === 0 ? "shared-2" : "shared")));
    for (const answer of answers) data(answer);
    const rows = await rowsOf(id);
    expect(rows.filter(({ ended_at }) => ended_at === null)).toHaveLength(1);
    rows.slice(1).forEach((row, n) => expect(row["placed_at"]).toEqual(rows[n]?.["ended_at"]));
    expect(await actionsIn(app, tenant.id)).toHaveLength(rows.length - 1);
  });

  it("an instance whose clock is behind ends nothing before it began", async () => {
    const { id } = await (await world.tenant()).environment();
    app.clock.now = new Date(Date.now() - 60_000);
    const { placements } = await placed(id, "shared-2");
    expect(Date.parse(placements[1].endedAt) - Date.parse(placements[1].placedAt)).toBe(1);
    expect(placements[0].placedAt).toBe(placements[1].endedAt);
    expect(placements[0].cluster.slug).toBe("shared-2");
  });

  it("one that was never placed is placed for the first time", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.environment({ cluster: null });
    await placed(id, "shared");
    expect(await eventsOf(app, tenant.id)).toMatchObject([{ metadata: { from: null, to: "shared" } }]);
  });

  it("ok and audited: the one ends and the other begins in one moment, and the history shows both", async () => {
    const tenant = await world.tenant();
    const environment = await tenant.environment();
    app.clock.now = new Date(Date.now() + 60_000);
    const moment = app.clock.now.toISOString();
    const { cluster, placements } = await placed(environment.id, "shared-2");
    expect(cluster).toEqual({ slug: "shared-2" });
    expect(placements).toEqual([
      { cluster: { slug: "shared-2", known: true }, placedAt: moment, endedAt: null },
      { cluster: { slug: "shared", known: true }, placedAt: expect.any(String), endedAt: moment },
    ]);
    expect(await eventsOf(app, tenant.id)).toEqual([
      {
        action: "environment.place",
        actorType: "user",
        targetType: "environment",
        targetId: environment.id,
        targetName: environment.slug,
        projectId: null,
        product: null,
        metadata: { from: "shared", to: "shared-2", actor_role: "operator" },
      },
    ]);
  });
});
