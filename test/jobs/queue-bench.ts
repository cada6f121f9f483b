/** Owns a registry whose jobs do what the test says, and the look at what has become of them. */
import { expect } from "vitest";
import type { JobHandler } from "../../src/job/job.handlers.js";
import { enqueue } from "../../src/kernel/jobs.js";
import { openRegistry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld, type World } from "../testkit/world.js";
import { houseOf, noted, operator, visit } from "../walls/visits.js";

export interface QueueBench {
  app: Registry;
  world: World;
  /** What a job does. */
  advance: JobHandler<"tenant.advance">;
  /** A change of a new tenant, or of this one, that asks for a job. */
  ask(options?: { startAfter?: Date; of?: TenantInWorld }): Promise<TenantInWorld>;
  /** The tenant's one job. */
  row(tenant: TenantInWorld): Promise<Record<string, unknown> | undefined>;
  /** Set columns of the tenant's job, as if time had passed. */
  pretend(tenant: TenantInWorld, columns: string): Promise<unknown>;
  /** Between tests: no jobs, and the clock runs. */
  reset(): Promise<void>;
}

/** With a `sweep`, that is run by the clock. */
export async function openQueueBench(sweep?: JobHandler<"deadlines.sweep">): Promise<QueueBench> {
  const app = await openRegistry({ jobHandlers: { "tenant.advance": (context, payload) => bench.advance(context, payload), ...(sweep && { "deadlines.sweep": sweep }) } });
  const world = await openWorld(app);
  const bench: QueueBench = {
    app,
    world,
    advance: async () => {},
    async ask({ startAfter, of } = {}) {
      const tenant = of ?? (await world.tenant());
      await visit(houseOf(app), operator()).within(tenant.id).change("tenant.update", async (tx) => {
        await enqueue(tx, "tenant.advance", { tenantId: tenant.id }, { startAfter });
        return noted(1);
      });
      return tenant;
    },
    async row({ id }) {
      const [row] = await app.sql("select state::text, retry_count as retries, output, completed_on is not null as ended from pgboss.job where data->>'tenantId' = $1", [id]);
      return row;
    },
    pretend: ({ id }, columns) => app.sql(`update pgboss.job set ${columns} where data->>'tenantId' = $1`, [id]),
    async reset() {
      app.clock.now = null;
      await app.sql("delete from pgboss.job");
    },
  };
  return bench;
}

/** One entry of what a drain tells. */
export const ran = ({ id }: TenantInWorld, outcome: string) => ({ id: expect.any(String), kind: "tenant.advance", tenantId: id, outcome });
