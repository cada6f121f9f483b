/** Owns how teams are found. */
import sql from "sql-template-tag";
import { columnsOf } from "../kernel/columns.js";
import type { Doors } from "../kernel/doors.js";
import { loaderById } from "../kernel/loaders.js";
import { pagesOf } from "../kernel/page.js";
import { declareSettings } from "../settings/settings.reads.js";
import { Team } from "./team.entity.js";

const columns = columnsOf(Team, "m");
declareSettings("Team");

/** Which of a list: those in use, or all that there ever were. */
export interface Which {
  archived: boolean;
}

const teamsOfTenant = pagesOf<Team, Which>({
  typeName: "Tenant",
  fieldName: "teams",
  entity: Team,
  parent: sql`m.tenant_id`,
  listing: ({ archived }) => ({
    columns,
    from: sql`tenant_teams m`,
    id: sql`m.id`,
    where: archived ? [] : [sql`m.archived_at is null`],
    order: { name: "team.slug.asc", key: sql`m.slug`, type: "text", descending: false },
  }),
});

export function teamReads(doors: Doors) {
  return {
    byId: loaderById<Team>(
      (ids) => doors.read(sql`select ${columns} from tenant_teams m where m.id = any(${ids}::uuid[])`),
      ({ id }) => id,
    ),
    ofTenant: teamsOfTenant(doors),
  };
}
