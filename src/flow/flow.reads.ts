/** Owns how flows, their versions, and what environments run are found. */
import DataLoader from "dataloader";
import sql from "sql-template-tag";
import { columnsOf } from "../kernel/columns.js";
import type { Doors, ReadDoor } from "../kernel/doors.js";
import { loaderById } from "../kernel/loaders.js";
import { pagesOf } from "../kernel/page.js";
import { declareWrite, objectTypeOf, writeObject } from "../kernel/projection.js";
import { Flow, FlowVersion } from "./flow.entity.js";
import { FLOW_NAME } from "./flow.rules.js";
import { runningThrough } from "./flow.running.js";

const COLUMNS = columnsOf(Flow, "f");
const VERSION_COLUMNS = columnsOf(FlowVersion, "v");
declareWrite("FlowVersion", "label", () => sql`v.body ->> 'version'`);
declareWrite("Flow", "latest", ({ field, nodes }, at) => {
  const type = objectTypeOf(field);
  const row = type && writeObject(type, nodes, at);
  return row && sql`(select ${row} from flow_versions v where v.tenant_id = f.tenant_id and v.flow_id = f.id and v.number = f.latest_number)`;
});

const flowsOfTenant = pagesOf<Flow, object>({
  typeName: "Tenant",
  fieldName: "flows",
  entity: Flow,
  parent: sql`f.tenant_id`,
  listing: () => ({
    columns: COLUMNS,
    from: sql`tenant_flows f`,
    id: sql`f.id`,
    where: [],
    order: { name: "flow.name.asc", key: sql`f.name`, type: "text", descending: false },
  }),
});

/** Joined with the flow for its tenant: the index of versions begins with it. */
const versionsOfFlow = pagesOf<FlowVersion, object>({
  typeName: "Flow",
  fieldName: "versions",
  entity: FlowVersion,
  parent: sql`of_flow.id`,
  listing: () => ({
    columns: VERSION_COLUMNS,
    from: sql`tenant_flows of_flow join flow_versions v on v.tenant_id = of_flow.tenant_id and v.flow_id = of_flow.id`,
    id: sql`v.id`,
    where: [],
    order: { name: "flow_version.number.desc", key: sql`v.number`, type: "integer", descending: true },
  }),
});

export function flowReads(doors: Doors) {
  return {
    byId: loaderById<Flow>(
      (ids) => doors.read(sql`select ${COLUMNS} from tenant_flows f where f.id = any(${ids}::uuid[])`),
      ({ id }) => id,
    ),
    ofTenant: flowsOfTenant(doors),
    versionsOf: versionsOfFlow(doors),
    /** Null only where the flow is gone by now. */
    latestOf: new DataLoader<Flow, FlowVersion | null, string>(
      async (flows) => {
        const rows = await doors.read<FlowVersion>(sql`
          select ${VERSION_COLUMNS}
          from unnest(${flows.map(({ tenantId }) => tenantId)}::uuid[], ${flows.map(({ id }) => id)}::uuid[], ${flows.map(({ latestNumber }) => latestNumber)}::int[]) as asked (tenant_id, flow_id, number)
          join flow_versions v on v.tenant_id = asked.tenant_id and v.flow_id = asked.flow_id and v.number = asked.number`);
        const latest = new Map(rows.map((version) => [version.flowId, version]));
        return flows.map(({ id }) => latest.get(id) ?? null);
      },
      { cacheKeyFn: ({ id }) => id },
    ),
    ...flowsThrough(doors),
  };
}

/** A flow of a tenant, by its name. */
export interface FlowKey {
  tenantId: string;
  name: string;
}

/** What can be read of flows through any door, that of the products' services too: it shows no more than is read here. */
export function flowsThrough(door: ReadDoor) {
  return {
    /** What an environment runs, by name. */
    running: runningThrough(door),
    /** Whether a tenant has a flow of that name, which may be any text. */
    isThere: new DataLoader<FlowKey, boolean, string>(
      async (asked) => {
        const possible = asked.filter(({ name }) => FLOW_NAME.test(name));
        const rows = possible.length === 0 ? [] : await door.read<FlowKey>(sql`
          select f.tenant_id as "tenantId", f.name
          from unnest(${possible.map(({ tenantId }) => tenantId)}::uuid[], ${possible.map(({ name }) => name)}::text[]) as asked (tenant_id, name)
          join tenant_flows f on f.tenant_id = asked.tenant_id and f.name = asked.name`);
        const there = new Set(rows.map(placeOf));
        return asked.map((flow) => there.has(placeOf(flow)));
      },
      { cacheKeyFn: placeOf },
    ),
  };
}

function placeOf({ tenantId, name }: FlowKey): string {
  return `${tenantId}/${name}`;
}
