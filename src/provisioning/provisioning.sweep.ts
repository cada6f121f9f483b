/** Owns how due steps are found. It is what tries failed ones again, looks whether invitations were accepted, and makes up for lost jobs. */
import sql from "sql-template-tag";
import type { JobRequest } from "../kernel/jobs.js";
import type { RequestContext } from "../kernel/request.js";
import { TenantStatus } from "../tenant/tenant.entity.js";
import { mayReachOut } from "./provisioning.turn.js";

/** Tenants of one sweep; the rest is found by the next one, a minute later. */
const BATCH = 500;

const REACHING_OUT = Object.values(TenantStatus).filter(mayReachOut);

/**
 * A job for each tenant with a step that is due and may be done where the tenant stands, and for each whose organisation was told
 * something else last. A tenant that waits in the queue already gets no second one.
 */
export async function sweepProvisioning({ doors, facilities, now }: RequestContext): Promise<readonly JobRequest[]> {
  if (facilities.keycloak === null) return [];
  const due = await doors.read<{ tenantId: string }>(sql`
    select s.tenant_id as "tenantId", min(coalesce(s.next_attempt_at, s.completed_at)) as since
    from tenant_provisioning_steps s join tenants t on t.id = s.tenant_id
    where (s.next_attempt_at <= ${now()} and case s.step
        when 'organization' then t.keycloak_org_id is not null or t.status = any(${REACHING_OUT}::tenant_status[])
        when 'invitation' then t.keycloak_org_id is not null and exists (
          select from tenant_invitations i where i.tenant_id = t.id and (i.errand = 'withdraw' or (i.errand in ('invite', 'resend') and t.status = any(${REACHING_OUT}::tenant_status[]))))
        else t.keycloak_org_id is not null and t.status <> 'archived'
      end)
      or (s.step = 'organization' and s.state = 'done' and s.next_attempt_at is null
        and (s.sent_name is distinct from t.name or s.sent_status is distinct from t.status))
    group by s.tenant_id order by since limit ${BATCH}`);
  return due.map(({ tenantId }) => ({ kind: "tenant.provision", payload: { tenantId } }));
}
