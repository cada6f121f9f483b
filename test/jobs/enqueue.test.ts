/** Owns the proof that a job is there if and only if the change that asked for it is, and once however often it is asked for. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { enqueue } from "../../src/kernel/jobs.js";
import { Fault } from "../../src/kernel/fault.js";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld, type World } from "../testkit/world.js";
import { adminOf, houseOf, noted, operator, visit } from "../walls/visits.js";

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});
// Other files run what waits in this queue, and expect to find what they asked for.
afterAll(() => app.sql("delete from pgboss.job"));

interface JobRow {
  name: string;
  state: string;
  key: string | null;
  tenant: string;
}

const jobsOf = ({ id }: TenantInWorld) =>
  app.sql<JobRow>(`select name, state::text, singleton_key as key, data->>'tenantId' as tenant from pgboss.job where data->>'tenantId' = $1 order by start_after`, [id]);
const waiting = ({ id }: TenantInWorld, name = "tenant.advance"): JobRow => ({ name, state: "created", key: id, tenant: id });

/** One change of a tenant that asks for jobs, by somebody. */
const asking = (tenant: TenantInWorld, ask: Parameters<ReturnType<ReturnType<typeof visit>["within"]>["change"]>[1], principal = operator()) =>
  visit(houseOf(app), principal).within(tenant.id).change("tenant.update", ask);

describe("a job that a change asks for", () => {
  it("is there once the change is committed, for staff and for the tenant's own people", async () => {
    for (const by of [operator, adminOf]) {
      const tenant = await world.tenant();
      await asking(tenant, async (tx) => {
        await enqueue(tx, "tenant.advance", { tenantId: tenant.id });
        return noted(1);
      }, by(tenant.id));
      expect(await jobsOf(tenant)).toEqual([waiting(tenant)]);
    }
  });

  it("is not there when the change is not: not after a fault, and not after a failed statement", async () => {
    const tenant = await world.tenant();
    for (const go of [() => Promise.reject(new Fault("CONFLICT", "given up")), (query: (text: string) => Promise<unknown>) => query("select 1 / 0")]) {
      const changed = asking(tenant, async (tx) => {
        await enqueue(tx, "tenant.advance", { tenantId: tenant.id });
        await go((text) => tx.query(text));
        return noted(1);
      });
      await expect(changed).rejects.toBeInstanceOf(Fault);
      expect(await jobsOf(tenant)).toEqual([]);
    }
  });

  it("is one, though ten changes ask for it at once", async () => {
    const tenant = await world.tenant();
    await Promise.all(Array.from({ length: 10 }, () => asking(tenant, async (tx) => {
      await enqueue(tx, "tenant.advance", { tenantId: tenant.id });
      await enqueue(tx, "tenant.provision", { tenantId: tenant.id });
      return noted(1);
    })));
    expect((await jobsOf(tenant)).toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual([waiting(tenant), waiting(tenant, "tenant.provision")]);
  });

  it("is a second one when the first has begun, for it may not have seen what was changed since", async () => {
    const tenant = await world.tenant();
    const ask = () => asking(tenant, async (tx) => {
      await enqueue(tx, "tenant.advance", { tenantId: tenant.id });
      return noted(1);
    });
    await ask();
    for (const state of ["active", "retry", "failed"]) {
      await app.sql("update pgboss.job set state = $2::pgboss.job_state where data->>'tenantId' = $1", [tenant.id, state]);
      await ask();
      expect((await jobsOf(tenant)).map((job) => job.state).sort()).toEqual([state, "created"].sort());
      await app.sql("delete from pgboss.job where data->>'tenantId' = $1 and state = 'created'", [tenant.id]);
    }
  });

  it("for later does not stand in for one that is asked for now, and is one for each time", async () => {
    const tenant = await world.tenant();
    const [soon, later] = [new Date("2100-01-01T00:00:00Z"), new Date("2100-01-02T00:00:00Z")];
    for (const startAfter of [later, soon, undefined, later]) {
      await asking(tenant, async (tx) => {
        await enqueue(tx, "tenant.advance", { tenantId: tenant.id }, { startAfter });
        return noted(1);
      });
    }
    expect((await jobsOf(tenant)).map(({ key }) => key)).toEqual([tenant.id, `${tenant.id} ${soon.toISOString()}`, `${tenant.id} ${later.toISOString()}`]);
  });

  it("someone else's: nobody asks for a job of another tenant, and nothing of the change stays", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    for (const by of [operator(), adminOf(mine.id)]) {
      const changed = asking(mine, async (tx) => {
        await tx.query("update tenants set name = 'half' where id = $1", [mine.id]);
        await enqueue(tx, "tenant.advance", { tenantId: theirs.id });
        return noted(1);
      }, by);
      await expect(changed).rejects.toMatchObject({ driverError: { code: "42501" } });
    }
    expect(await jobsOf(theirs)).toEqual([]);
    expect(await app.sql("select name from tenants where id = $1", [mine.id])).toEqual([{ name: "A tenant" }]);
  });

  it("of a kind that the database has no queue for is an error, and not a job that is lost", async () => {
    const tenant = await world.tenant();
    const changed = asking(tenant, async (tx) => {
      await tx.query("set local role none");
      await tx.query("update pgboss.queue set name = $1 where name = 'tenant.advance'", [randomUUID()]);
      await tx.query("set local role registry_platform");
      await enqueue(tx, "tenant.advance", { tenantId: tenant.id });
      return noted(1);
    });
    await expect(changed).rejects.toThrow("the database has no queue for tenant.advance");
  });
});
