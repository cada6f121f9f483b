/**
 * Owns the question "may this caller do that to this resource?", by the two rules that the resolvers go by: its roles hold the action,
 * and the resource is there for it. What the two have to do with each other is not looked at.
 */
import DataLoader from "dataloader";
import sql from "sql-template-tag";
import { NameRefusedError, resourceName, type Resource, type TenantContext as NamedContext } from "../../packages/tenant-names/src/index.js";
import { flowsThrough } from "../flow/flow.reads.js";
import { CHANGE_ACTIONS, READ_ACTIONS, SERVICE_ACTIONS, type Action } from "../kernel/action.js";
import type { Doors, ReadDoor } from "../kernel/doors.js";
import { Fault } from "../kernel/fault.js";
import { actionsOf } from "../kernel/principal.js";
import type { RequestContext } from "../kernel/request.js";
import type { TenantContext } from "./tenancy.answers.js";

const ACTIONS: ReadonlySet<string> = new Set([...READ_ACTIONS, ...SERVICE_ACTIONS, ...CHANGE_ACTIONS]);

/**
 * True when the caller may do it now, as `viewer.actions` says, and the resource is in the context and there. What names no resource,
 * another tenant's and a missing one are false alike, and of the first two nothing is looked up.
 *
 * Faults  BAD_USER_INPUT(action) for a word that is no action.
 */
export async function can({ principal, reads }: RequestContext, context: TenantContext, action: string, resource: string): Promise<boolean> {
  if (!ACTIONS.has(action)) throw new Fault("BAD_USER_INPUT", "There is no such action", { field: "action" });
  if (!actionsOf(principal).includes(action as Action)) return false;
  const named = read(resource);
  return named !== null && isInside(context.named, named) && isThere(reads(resourceReads), context, named);
}

function read(resource: string): Resource | null {
  try {
    return resourceName.parse(resource);
  } catch (thrown) {
    if (thrown instanceof NameRefusedError) return null;
    throw thrown;
  }
}

/** What names no environment or team is in all of them. A context without a team is in no team's way. */
function isInside(context: NamedContext, { tenant, environment, team }: Resource): boolean {
  return tenant === context.tenant && (environment === null || environment === context.environment) && (team === null || context.team === null || team === context.team);
}

/** Tenant, environment and team of the context were looked up with it. Sessions and secrets are the products' own: of them there is only the name. */
async function isThere(resources: ResourceReads, { tenantId, named }: TenantContext, { team, item }: Resource): Promise<boolean> {
  const { flows, teams } = resources.of(tenantId);
  const parts: Promise<boolean>[] = [];
  if (team !== null && (team !== named.team || item?.kind === "channels")) parts.push(teams.load({ team, channel: item?.kind === "channels" ? item.id : null }));
  if (item?.kind === "flows") parts.push(flows.isThere.load({ tenantId, name: item.id }));
  return (await Promise.all(parts)).every(Boolean);
}

interface TeamName {
  team: string;
  /** Of that team; null asks for the team alone. */
  channel: string | null;
}

/** Through the door that shows a service what it may know of the tenant, and everybody else what it always sees. */
export function resourceReads(doors: Doors) {
  const opened = new Map<string, ReturnType<typeof resourcesThrough>>();
  return {
    of(tenantId: string) {
      const resources = opened.get(tenantId) ?? resourcesThrough(doors.about([tenantId]), tenantId);
      opened.set(tenantId, resources);
      return resources;
    },
  };
}

type ResourceReads = ReturnType<typeof resourceReads>;

function resourcesThrough(door: ReadDoor, tenantId: string) {
  return {
    flows: flowsThrough(door),
    teams: new DataLoader<TeamName, boolean, string>(
      async (asked) => {
        const rows = await door.read<{ position: number }>(sql`
          select named.position::int
          from unnest(${asked.map(({ team }) => team)}::text[], ${asked.map(({ channel }) => channel)}::text[]) with ordinality as named (team, channel, position)
          join tenant_teams t on t.tenant_id = ${tenantId}::uuid and t.slug = named.team and t.archived_at is null
          where named.channel is null
             or exists (select from team_channels c where c.tenant_id = t.tenant_id and c.team_id = t.id and c.slug = named.channel and c.archived_at is null)`);
        const there = new Set(rows.map(({ position }) => position));
        return asked.map((_, at) => there.has(at + 1));
      },
      { cacheKeyFn: ({ team, channel }) => `${team}/${channel ?? ""}` },
    ),
  };
}
