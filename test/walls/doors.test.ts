import sql from "sql-template-tag";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { Fault } from "../../src/kernel/fault.js";
import type { Principal } from "../../src/kernel/principal.js";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld, type World } from "../testkit/world.js";
import { adminOf, CLEAN, houseOf, noted, operator, plainSessions, poolOf, service, visit } from "./visits.js";

let app: Registry;
let world: World;
let tenant: TenantInWorld;
let theirs: TenantInWorld;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
  tenant = await world.tenant();
  theirs = await world.tenant();
});

afterEach(() => {
  const { totalCount, idleCount, waitingCount } = poolOf(app);
  expect({ idleCount, waitingCount }).toEqual({ idleCount: totalCount, waitingCount: 0 });
});

const eventsOf = ({ id }: TenantInWorld) => app.sql("select action, target_id from audit_log where tenant_id = $1", [id]);
const codeOf = (work: () => Promise<unknown>) => Promise.resolve().then(work).then(() => "ok", (thrown: unknown) => (thrown instanceof Fault ? thrown.code : String(thrown)));

describe("whose home a change may name", () => {
  const nobody = "00000000-0000-4000-8000-000000000000";
  const withoutTenant: Principal = { ...adminOf(null), roles: [] };
  it.each<[string, () => Principal | null, () => string | null, string]>([
    ["a person its own", () => adminOf(tenant.id), () => tenant.id.toUpperCase(), "ok"],
    ["a person its own by naming none", () => adminOf(tenant.id), () => null, "ok"],
    ["a person not another's", () => adminOf(tenant.id), () => theirs.id, "NOT_FOUND"],
    ["a person not one that is missing", () => adminOf(tenant.id), () => nobody, "NOT_FOUND"],
    ["a person not one that is malformed", () => adminOf(tenant.id), () => `${tenant.id}' or true--`, "NOT_FOUND"],
    ["a person without a tenant nobody's", () => withoutTenant, () => tenant.id, "NOT_FOUND"],
    ["a person without a tenant not none", () => withoutTenant, () => null, "BAD_USER_INPUT"],
    ["an operator anyone's", () => operator(), () => theirs.id, "ok"],
    ["an operator not none", () => operator(), () => null, "BAD_USER_INPUT"],
    ["an operator that narrowed only that one", () => operator(tenant.id), () => theirs.id, "NOT_FOUND"],
    ["a service the one it is asked about", () => service, () => tenant.id, "ok"],
    ["a stranger nobody's", () => null, () => tenant.id, "UNAUTHENTICATED"],
  ])("%s", async (_who, principal, home, outcome) => {
    expect(await codeOf(() => visit(houseOf(app), principal()).within(home()).change("project.update", async () => ({ value: 1, unaudited: "no-op" })))).toBe(outcome);
  });

  it("a person without a tenant, a service and a stranger read nothing", async () => {
    for (const principal of [withoutTenant, service]) expect(await visit(houseOf(app), principal).read(sql`select id from tenants`)).toEqual([]);
    expect(await codeOf(() => visit(houseOf(app), null).read(sql`select id from tenants`))).toBe("UNAUTHENTICATED");
  });
});

describe("a door inside a door is refused, and nothing of the outer one stays", () => {
  it.each(["read", "change"])("a %s inside a change", async (inner) => {
    const before = await eventsOf(tenant);
    const doors = visit(houseOf(app), adminOf(tenant.id));
    const home = doors.within(null);
    const nested = home.change("project.update", async (tx) => {
      await tx.query("update tenant_projects set name = 'nested' where tenant_id = $1", [tenant.id]);
      await (inner === "read" ? doors.read(sql`select 1`) : home.change("project.update", async () => noted(1)));
      return noted(1);
    });
    await expect(nested).rejects.toThrow("a door was opened inside a door");
    expect(await eventsOf(tenant)).toEqual(before);
  });

  it("two doors side by side are two transactions", async () => {
    const { read, within } = visit(houseOf(app), adminOf(tenant.id));
    const [rows, changed] = await Promise.all([read(sql`select id from tenants`), within(null).change("project.update", async () => noted(1))]);
    expect([rows, changed]).toEqual([[{ id: tenant.id }], 1]);
  });
});

describe("work that goes wrong", () => {
  it.each<[string, (query: (text: string) => Promise<unknown>) => Promise<never>, string]>([
    ["throws what nobody expected", async () => Promise.reject(new TypeError("a bug")), "TypeError: a bug"],
    ["throws while a statement still runs", async (query) => {
      void query("select count(*) from generate_series(1, 100000)").catch(() => {});
      throw new Fault("CONFLICT", "given up");
    }, "CONFLICT"],
    ["goes on after a failed statement", async (query) => {
      await query("select 1 / 0").catch(() => {});
      return query("select 1") as never;
    }, "QueryFailedError: current transaction is aborted, commands ignored until end of transaction block"],
  ])("leaves neither its change nor its scope behind when it %s", async (_what, work, outcome) => {
    const done = visit(houseOf(app), adminOf(tenant.id)).within(null).change("tenant.update", async (tx) => {
      await tx.query("update tenants set name = 'half' where id = $1", [tenant.id]);
      return work((text) => tx.query(text));
    });
    expect(await codeOf(() => done)).toBe(outcome);
    for (const session of await plainSessions(app)) expect(session).toEqual(CLEAN);
    expect(await app.sql("select name from tenants where id = $1", [tenant.id])).toEqual([{ name: "A tenant" }]);
  });
});

describe("time", () => {
  it("an operation whose time is up reads nothing and changes nothing, and keeps its connection", async () => {
    const { read, within } = visit(houseOf(app), adminOf(tenant.id), { remainingMs: () => 0.9 });
    const work = vi.fn(async () => noted(1));
    expect(await codeOf(() => read(sql`select 1`))).toBe("DEADLINE_EXCEEDED");
    expect(await codeOf(() => within(null).change("project.update", work))).toBe("DEADLINE_EXCEEDED");
    expect(work).not.toHaveBeenCalled();
  });

  it("a change whose time ran out while it worked is not committed", async () => {
    const before = await eventsOf(theirs);
    let left = 10_000;
    const { within } = visit(houseOf(app), adminOf(theirs.id), { remainingMs: () => left });
    expect(await codeOf(() => within(null).change("project.update", async () => {
      left = 0;
      return noted(1);
    }))).toBe("DEADLINE_EXCEEDED");
    expect(await eventsOf(theirs)).toEqual(before);
  });

  it("what was loaded is dropped after a commit and only then", async () => {
    const committed = vi.fn();
    const { within } = visit(houseOf(app), adminOf(tenant.id), { committed });
    expect(await codeOf(() => within(null).change("project.update", () => Promise.reject(new Fault("CONFLICT", "no"))))).toBe("CONFLICT");
    expect(committed).not.toHaveBeenCalled();
    await within(null).change("project.update", async () => noted(1));
    expect(committed).toHaveBeenCalledOnce();
  });
});

describe("a full pool", () => {
  it("refuses both doors at once and retryably, and serves those that wait when it is free again", async () => {
    const house = houseOf(app, { maxWaiting: 2 });
    const aCaller = () => visit(house, adminOf(tenant.id));
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    const entered = vi.fn();
    const inside = Array.from({ length: poolOf(app).options.max }, () => aCaller().within(null).change("project.update", async () => {
      entered();
      await gate;
      return { value: 1, unaudited: "no-op" };
    }));
    await vi.waitFor(() => expect(entered).toHaveBeenCalledTimes(inside.length));
    const waiting = [aCaller().read(sql`select 1 as one`), aCaller().within(null).change("project.update", async () => noted(1))];
    const refused = await Promise.allSettled([aCaller().read(sql`select 1`), aCaller().within(null).change("project.update", async () => noted(1))]);
    open();
    for (const one of refused) expect(one).toMatchObject({ status: "rejected", reason: { code: "UNAVAILABLE", retryable: true } });
    expect(await Promise.all(waiting)).toEqual([[{ one: 1 }], 1]);
    await Promise.all(inside);
  });
});
