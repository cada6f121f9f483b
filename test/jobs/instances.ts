/** Owns further instances in the tests of jobs: workers of their own, on the registry's clock, that share nothing with it but the database. */
import type { FastifyBaseLogger } from "fastify";
import type { JobHandlers } from "../../src/job/job.handlers.js";
import { openJobs, type Jobs, type WorkerParts } from "../../src/job/job.worker.js";
import type { Facilities } from "../../src/kernel/request.js";
import { openLog } from "../../src/process/log.js";
import type { Registry } from "../testkit/registry.js";
import { houseOf } from "../walls/visits.js";

export function openInstance(app: Pick<Registry, "clock" | "dataSource">, handlers: Partial<JobHandlers>, parts: Partial<WorkerParts> = {}): Jobs {
  return openJobs({
    house: houseOf(app),
    handlers,
    facilities: {} as Facilities, // The handlers of these tests use none.
    now: () => app.clock.now ?? new Date(),
    log: openLog("silent") as FastifyBaseLogger,
    atOnce: 2,
    graceMs: 10_000,
    ...parts,
  });
}
