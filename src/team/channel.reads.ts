/** Owns how channels are found. */
import sql from "sql-template-tag";
import { columnsOf } from "../kernel/columns.js";
import type { Doors } from "../kernel/doors.js";
import { listOf } from "../kernel/list.js";
import { loaderById } from "../kernel/loaders.js";
import { Channel } from "./channel.entity.js";
import type { Which } from "./team.reads.js";

const columns = columnsOf(Channel, "h");

/** Joined with the team for its tenant: the index of channels begins with it. */
const channelsOfTeam = listOf<Channel, Which>({
  typeName: "Team",
  fieldName: "channels",
  entity: Channel,
  columns,
  from: sql`tenant_teams of_team join team_channels h on h.tenant_id = of_team.tenant_id and h.team_id = of_team.id`,
  parent: sql`of_team.id`,
  order: sql`h.slug`,
  where: ({ archived }) => (archived ? [] : [sql`h.archived_at is null`]),
});

export function channelReads(doors: Doors) {
  return {
    byId: loaderById<Channel>(
      (ids) => doors.read(sql`select ${columns} from team_channels h where h.id = any(${ids}::uuid[])`),
      ({ id }) => id,
    ),
    ofTeam: channelsOfTeam(doors),
  };
}
