/** Owns how steps and invitations are found. */
import DataLoader from "dataloader";
import sql, { type Sql } from "sql-template-tag";
import { columnsOf } from "../kernel/columns.js";
import type { Doors } from "../kernel/doors.js";
import type { RequestContext } from "../kernel/request.js";
import { Tenant } from "../tenant/tenant.entity.js";
import { Invitation } from "./invitation.entity.js";
import { ProvisioningStep } from "./provisioning-step.entity.js";
import { situation, type Situation } from "./provisioning.turn.js";

const tenantColumns = columnsOf(Tenant, "t");
const stepColumns = columnsOf(ProvisioningStep, "s");
const invitationColumns = columnsOf(Invitation, "i");

const stepsOf = (tenantIds: readonly string[]) =>
  sql`select ${stepColumns} from tenant_provisioning_steps s where s.tenant_id = any(${tenantIds}::uuid[]) order by s.step`;
/** Nobody invites by the hundred; whoever wrote more rows into the table than that is not to fill the memory with them. */
const invitationsOf = (tenantIds: readonly string[]) => sql`
  select i.* from unnest(${tenantIds}::uuid[]) as of (tenant_id)
  cross join lateral (select ${invitationColumns} from tenant_invitations i where i.tenant_id = of.tenant_id order by i.created_at, i.id limit 100) i`;

export function provisioningReads(doors: Doors) {
  return {
    /** The tenant's steps in their order; none when nothing was ever planned for it. */
    stepsOf: listLoader<ProvisioningStep>(doors, stepsOf),
    invitationsOf: listLoader<Invitation>(doors, invitationsOf),
  };
}

function listLoader<Row extends { tenantId: string }>(doors: Doors, select: (tenantIds: readonly string[]) => Sql) {
  return new DataLoader<string, Row[]>(async (tenantIds) => {
    const lists = new Map<string, Row[]>(tenantIds.map((id) => [id, []]));
    for (const row of await doors.read<Row>(select(tenantIds))) lists.get(row.tenantId)?.push(row);
    return tenantIds.map((id) => lists.get(id) ?? []);
  });
}

/** Everything that provisioning knows of one tenant, as it is now; null when there is no such tenant. */
export async function situationOf({ doors, now }: RequestContext, tenantId: string): Promise<Situation | null> {
  const [tenant] = await doors.read<Tenant>(sql`select ${tenantColumns} from tenants t where t.id = ${tenantId}::uuid`);
  if (!tenant) return null;
  const steps = await doors.read<ProvisioningStep>(stepsOf([tenantId]));
  const invitations = await doors.read<Invitation>(invitationsOf([tenantId]));
  return situation(tenant, steps, invitations, now());
}
