/** Owns what every step of a tenant's life has in common: who is refused, from which states it leads, and that of many callers one takes it. */
import { randomUUID } from "node:crypto";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { actionsIn, eventsOf, expectOrigin } from "./events.js";
import { data, fault } from "./outcome.js";
import { registry, type Registry } from "./registry.js";
import { openWorld, unique, type Answer, type Caller, type TenantInWorld, type World } from "./world.js";

/** The moment at which these tests happen. */
export const NOW = new Date("2031-05-01T10:00:00.000Z");
export const daysFromNow = (days: number): Date => new Date(NOW.getTime() + days * 86_400_000);

/** Every place that a tenant can be in, as it is stored, and the state that this is at {@link NOW}. */
export const PLACES: Record<string, { stored: { status: string; kind?: string; trialEndsAt?: Date; frozenAt?: Date }; status: string }> = {
  "a demo": { stored: { status: "demo", kind: "demo" }, status: "demo" },
  "a trial": { stored: { status: "trial", trialEndsAt: daysFromNow(10) }, status: "trial" },
  "a trial in its last millisecond": { stored: { status: "trial", trialEndsAt: new Date(NOW.getTime() + 1) }, status: "trial" },
  "a trial without an end": { stored: { status: "trial" }, status: "trial" },
  "active": { stored: { status: "active" }, status: "active" },
  "active after a trial": { stored: { status: "active", trialEndsAt: daysFromNow(-10) }, status: "active" },
  "a trial that just ended": { stored: { status: "trial", trialEndsAt: NOW }, status: "frozen" },
  "frozen": { stored: { status: "frozen", frozenAt: daysFromNow(-10) }, status: "frozen" },
  "frozen in the last millisecond of its grace": { stored: { status: "frozen", frozenAt: new Date(daysFromNow(-30).getTime() + 1) }, status: "frozen" },
  "a trial whose grace just ended": { stored: { status: "trial", trialEndsAt: daysFromNow(-30) }, status: "archived" },
  "frozen until just now": { stored: { status: "frozen", frozenAt: daysFromNow(-30) }, status: "archived" },
  "archived": { stored: { status: "archived", frozenAt: daysFromNow(-40) }, status: "archived" },
};

export interface StepOperation {
  operation: string;
  action: string;
  /** What is given besides the tenant. */
  input?: Record<string, unknown>;
  /** Every place of {@link PLACES} from which it can be taken. */
  from: readonly string[];
  /** Where a tenant is afterwards, as the graph tells it, that was in the first place of `from`. */
  to: Record<string, unknown>;
  /** What the event says besides the states and the operator's role. */
  recorded: Record<string, unknown>;
}

const LIFE = "id slug status trialEndsAt frozenAt archivesAt archivedAt cancelReason version";

/** The tests of one step. */
export function describeStep({ operation, action, input = {}, from, to, recorded }: StepOperation): void {
  const document = `mutation ($input: ${operation[0]?.toUpperCase()}${operation.slice(1)}Input!) { ${operation}(input: $input) { tenant { ${LIFE} } } }`;
  let app: Registry;
  let world: World;
  /** Their tokens last for as long as the clock stands still. */
  beforeAll(async () => {
    app = await registry();
    app.clock.now = NOW;
    world = await openWorld(app);
    app.clock.now = null;
  });
  afterEach(() => {
    app.clock.now = null;
  });

  const at = (place: string | undefined) => {
    app.clock.now = NOW;
    return world.tenant(PLACES[place ?? ""]?.stored ?? {});
  };
  const take = (caller: Caller, { id }: { id: unknown }, more: Record<string, unknown> = {}) => caller.run(document, { input: { id, ...input, ...more } });
  const rowOf = async ({ id }: TenantInWorld) => (await app.sql("select * from tenants where id = $1", [id]))[0];
  const errorless = (answers: Answer[]) => answers.filter(({ body }) => !body.errors);

  describe(operation, () => {
    it.each([null, ["x"]])("invalid: %o is no tenant", async (id) => {
      app.clock.now = NOW;
      fault(await take(world.operator, { id }), "BAD_USER_INPUT");
    });

    it("unauthenticated and forbidden: nobody but an operator takes it, and nothing is written", async () => {
      const tenant = await at(from[0]);
      const before = await rowOf(tenant);
      fault(await take(world.anonymous, tenant), "UNAUTHENTICATED");
      for (const caller of [tenant.admin, tenant.auditor, tenant.member, world.support, world.service]) fault(await take(caller, tenant), "FORBIDDEN");
      expect(await rowOf(tenant)).toEqual(before);
      expect(await actionsIn(app, tenant.id)).toEqual([]);
    });

    it("not there: missing, malformed, and another than the one that the operator narrowed to are the same answer", async () => {
      const [tenant, other] = [await at(from[0]), await at(from[0])];
      expect(await rowOf(other)).toMatchObject({ version: 1 });
      const refused = await world.operator.run(document, { input: { id: other.id, ...input } }, { "x-tenant-id": tenant.id });
      fault(refused, "NOT_FOUND");
      for (const id of [randomUUID(), "no-uuid", "\u0000"]) expect((await take(world.operator, { id })).body.errors?.[0]?.extensions.code).toMatch(/^NOT_FOUND$|^BAD_USER_INPUT$/);
      expect((await take(world.operator, { id: randomUUID() })).body).toEqual(refused.body);
      expect(await rowOf(other)).toMatchObject({ version: 1 });
    });

    it.each(Object.keys(PLACES).filter((place) => !from.includes(place)))("does not lead from %s: the refusal names the state, and nothing is written", async (place) => {
      const tenant = await at(place);
      const before = await rowOf(tenant);
      expect(fault(await take(world.operator, tenant), "FAILED_PRECONDITION", "id").message).toContain(`is ${PLACES[place]?.status}`);
      expect(await rowOf(tenant)).toEqual(before);
      expect(await actionsIn(app, tenant.id)).toEqual([]);
    });

    it.each(from)("leads from %s", async (place) => {
      const tenant = await at(place);
      expect(data(await take(world.operator, tenant))[operation].tenant).toMatchObject({ status: to["status"], version: 2 });
      expect((await eventsOf(app, tenant.id)).map(({ metadata }) => metadata["from"])).toEqual([PLACES[place]?.status]);
    });

    it("of twenty at once exactly one takes it, with one event, one job and one version; the others are told where the tenant stands", async () => {
      const tenant = await at(from[0]);
      const answers = await Promise.all(Array.from({ length: 20 }, () => take(world.operator, tenant)));
      const losers = answers.filter(({ body }) => body.errors);
      if (to["status"] !== PLACES[from[0] ?? ""]?.status.toUpperCase()) {
        expect(losers).toHaveLength(19);
        for (const loser of losers) expect(fault(loser, "FAILED_PRECONDITION").message).toContain(`is ${String(to["status"]).toLowerCase()}`);
      }
      expect(await actionsIn(app, tenant.id)).toEqual(errorless(answers).map(() => action));
      expect(await rowOf(tenant)).toMatchObject({ version: 1 + errorless(answers).length });
      expect(await app.sql("select name from pgboss.job where data->>'tenantId' = $1", [tenant.id])).toEqual([{ name: "tenant.provision" }]);
    });

    it("of twenty at once that saw the same version exactly one takes it; the others conflict", async () => {
      const tenant = await at(from[0]);
      const answers = await Promise.all(Array.from({ length: 20 }, () => take(world.operator, tenant, { expectedVersion: 1 })));
      expect(errorless(answers)).toHaveLength(1);
      for (const loser of answers.filter(({ body }) => body.errors)) fault(loser, "CONFLICT", "expectedVersion");
      expect(await actionsIn(app, tenant.id)).toEqual([action]);
    });

    it("a tenant that somebody else changed meanwhile is left as it is", async () => {
      const tenant = await at(from[0]);
      fault(await take(world.operator, tenant, { expectedVersion: 2 }), "CONFLICT", "expectedVersion");
      expect(await actionsIn(app, tenant.id)).toEqual([]);
    });

    it("under an idempotency key it is taken once, and a repetition gets the same answer, also once the tenant has moved on", async () => {
      const tenant = await at(from[0]);
      const first = await take(world.operator, tenant, { idempotencyKey: "key" });
      expect(data(first)[operation].tenant.version).toBe(2);
      for (const _ of [1, 2]) expect(JSON.stringify((await take(world.operator, tenant, { idempotencyKey: "key" })).body)).toBe(JSON.stringify(first.body));
      fault(await take(world.operator, tenant, { idempotencyKey: "key", expectedVersion: 2 }), "CONFLICT", "idempotencyKey");
      expect(await actionsIn(app, tenant.id)).toEqual([action]);
    });

    it("ok and audited: the row and its event are written together, and what is answered is what everybody then reads", async () => {
      const [tenant, subject, requestId] = [await at(from[0]), unique("op"), unique("request")];
      const operator = await world.caller({ sub: subject, name: "Olga", realm_access: { roles: ["platform-operator"] } });
      const answer = await operator.run(document, { input: { id: tenant.id.toUpperCase(), ...input } }, { "x-request-id": requestId, "user-agent": "portal/1" });
      const life = { trialEndsAt: null, frozenAt: null, archivesAt: null, archivedAt: null, cancelReason: null, ...to };
      expect(data(answer)[operation].tenant).toEqual({ id: tenant.id, slug: tenant.slug, version: 2, ...life });
      expect(data(await world.support.run(`query ($id: ID!) { tenant(id: $id) { ${LIFE} } }`, { id: tenant.id }))["tenant"]).toEqual(data(answer)[operation].tenant);
      expect(await eventsOf(app, tenant.id)).toEqual([
        {
          action,
          actorType: "user",
          targetType: "tenant",
          targetId: tenant.id,
          targetName: tenant.slug,
          projectId: null,
          product: null,
          metadata: { from: PLACES[from[0] ?? ""]?.status, to: String(to["status"]).toLowerCase(), ...recorded, actor_role: "operator" },
        },
      ]);
      await expectOrigin(app, requestId, { subject, name: "Olga" });
    });
  });
}
