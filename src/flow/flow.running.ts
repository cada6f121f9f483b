/** Owns how it is found what environments run. A version's body is read for whoever asks for it only: those of all environments together are more than an answer can hold. */
import DataLoader from "dataloader";
import sql, { type Sql } from "sql-template-tag";
import type { EnvironmentKey } from "../environment/environment.reads.js";
import type { ReadDoor } from "../kernel/doors.js";
import { Fault, notFound } from "../kernel/fault.js";
import type { RunningFlow } from "./flow.entity.js";

/** So much of bodies is read at once, as Postgres writes them. An answer that had more would be refused when it was made. */
const MAX_READ_BYTES = 16 * 1024 * 1024;

/** A version of a tenant's flow. */
interface VersionKey {
  tenantId: string;
  flowId: string;
  number: number;
}

type RunningRow = VersionKey & { environmentId: string; flow: string };

/** Through any door, that of the products' services too: it shows no more than is read here. */
export function runningThrough(door: ReadDoor): DataLoader<EnvironmentKey, RunningFlow[], string> {
  const labels = versionsThrough<string>(door, sql`v.body ->> 'version'`);
  const bodies = versionsThrough<Record<string, unknown>>(door, sql`case when sum(octet_length(v.body::text)) over () <= ${MAX_READ_BYTES}::bigint then v.body end`);

  async function bodyOf(version: VersionKey): Promise<Record<string, unknown>> {
    const body = await bodies.load(version);
    if (body === null) throw new Fault("LIMIT_EXCEEDED", "The flows have more to say than an answer can hold: ask for fewer");
    return body;
  }

  return new DataLoader<EnvironmentKey, RunningFlow[], string>(
    async (environments) => {
      const rows = await door.read<RunningRow>(sql`
        select r.tenant_id as "tenantId", r.environment_id as "environmentId", r.flow_id as "flowId", f.name as flow, r.number
        from unnest(${environments.map(({ tenantId }) => tenantId)}::uuid[], ${environments.map(({ id }) => id)}::uuid[]) as asked (tenant_id, id)
        join environment_flows r on r.tenant_id = asked.tenant_id and r.environment_id = asked.id and r.number is not null
        join tenant_flows f on f.tenant_id = r.tenant_id and f.id = r.flow_id
        order by f.name`);
      const flows = new Map<string, RunningFlow[]>(environments.map(({ id }) => [id, []]));
      for (const { environmentId, flow, ...version } of rows) {
        flows.get(environmentId)?.push({ flow, number: version.number, version: { label: () => labels.load(version), body: () => bodyOf(version) } });
      }
      return environments.map(({ id }) => flows.get(id) ?? []);
    },
    { cacheKeyFn: ({ id }) => id },
  );
}

/** Something of versions, one statement for many. Fails with NOT_FOUND where one is gone by now. */
function versionsThrough<Told>(door: ReadDoor, told: Sql) {
  return new DataLoader<VersionKey, Told | null, string>(
    async (versions) => {
      const rows = await door.read<{ position: number; told: Told | null }>(sql`
        select asked.position::int, ${told} as told
        from unnest(${versions.map(({ tenantId }) => tenantId)}::uuid[], ${versions.map(({ flowId }) => flowId)}::uuid[], ${versions.map(({ number }) => number)}::int[])
          with ordinality as asked (tenant_id, flow_id, number, position)
        join flow_versions v on v.tenant_id = asked.tenant_id and v.flow_id = asked.flow_id and v.number = asked.number`);
      const found = new Map(rows.map((row) => [row.position, row.told]));
      return versions.map((_, at) => found.get(at + 1) ?? (found.has(at + 1) ? null : notFound("Flow")));
    },
    { cacheKeyFn: ({ flowId, number }) => `${flowId}/${number}` },
  );
}
