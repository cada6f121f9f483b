/** Owns how jobs are found. */
import sql, { type Sql } from "sql-template-tag";
import type { PageArgs } from "../kernel/connection.js";
import type { Doors } from "../kernel/doors.js";
import { isUuid } from "../kernel/id.js";
import { loaderById } from "../kernel/loaders.js";
import { pageOf, type Order } from "../kernel/page.js";
import type { Job } from "./job.entity.js";
import type { JobFilter } from "./job.inputs.js";

/** The queue itself records that a job's time ran out, in words of its own; every other reason is one of ours. */
export const JOB_COLUMNS = sql`
  j.id, j.name as kind, j.state::text as state, (j.data->>'tenantId')::uuid as "tenantId",
  case when j.started_on is null then 0 else j.retry_count + 1 end as attempts, j.retry_limit + 1 as "maxAttempts",
  case when j.output->>'code' is not null then jsonb_build_object('code', j.output->>'code', 'message', j.output->>'message')
       when j.output is not null then jsonb_build_object('code', 'DEADLINE_EXCEEDED', 'message', 'It was not ended in time; perhaps its instance was')
  end as "lastError",
  j.created_on as "createdAt", j.start_after as "startAfter", j.started_on as "startedAt", j.completed_on as "completedAt"`;

const NEWEST_FIRST: Order = { name: "job.created_at.desc", key: sql`j.created_on`, type: "timestamptz", descending: true };

export function jobReads(doors: Doors) {
  return {
    byId: loaderById<Job>(
      (ids) => doors.read(sql`select ${JOB_COLUMNS} from pgboss.job j where j.id = any(${ids}::uuid[])`),
      ({ id }) => id,
    ),
    search: (filter: JobFilter | null | undefined, page: PageArgs) =>
      pageOf<Job>(doors, { columns: JOB_COLUMNS, from: sql`pgboss.job j`, id: sql`j.id`, where: conditions(filter ?? {}), order: NEWEST_FIRST }, page),
  };
}

function conditions(filter: JobFilter): Sql[] {
  const where: Sql[] = [];
  if (filter.kind != null) where.push(sql`j.name = ${filter.kind}`);
  if (filter.state != null) where.push(sql`j.state = any(${filter.state}::pgboss.job_state[])`);
  if (filter.tenantId != null) where.push(isUuid(filter.tenantId) ? sql`(j.data->>'tenantId')::uuid = ${filter.tenantId}::uuid` : sql`false`);
  return where;
}
