/** Owns how drafts become rows of the audit log. When and in which transaction is the change door's business. */
import type { EntityManager } from "typeorm";
import type { AuditDraft, ChangeScope } from "../kernel/doors.js";
import type { Principal } from "../kernel/principal.js";

/** The columns that the doors' roles may write; id and time are the database's. */
const INSERT = `
  insert into audit_log (tenant_id, project_id, actor_id, actor_name, actor_type, action, target_id, target_type, target_name,
                         product, metadata, source_ip, user_agent, request_id)
  select $1, draft.project_id, $2, $3, $4, $5, draft.target_id, draft.target_type, draft.target_name,
         draft.product, draft.metadata, $6, $7, $8
  from jsonb_to_recordset($9::jsonb) as draft
    (project_id uuid, target_id text, target_type text, target_name text, product text, metadata jsonb)`;

/** What the log calls each kind of caller; staff are people too, and their role is in the metadata. */
const ACTOR_TYPES: Record<Principal["kind"], string> = { user: "user", platform: "user", service: "service", system: "system" };

/** One row a draft, all in one statement, completed with what the door knows: tenant, actor, origin and action. */
export async function recordChange(tx: EntityManager, scope: ChangeScope, drafts: readonly AuditDraft[]): Promise<void> {
  const { action, tenantId, principal, origin } = scope;
  const product = principal.kind === "service" ? principal.product : null;
  const role = principal.kind === "platform" ? { actor_role: principal.roles.join(" ") } : {};
  const rows = drafts.map(({ target, projectId, product: about, metadata }) => ({
    project_id: projectId ?? null,
    target_id: target.id,
    target_type: target.type,
    target_name: target.name,
    product: about ?? product,
    metadata: { ...metadata, ...role },
  }));
  await tx.query(INSERT, [
    tenantId, principal.subject, principal.name, ACTOR_TYPES[principal.kind], action, origin.sourceIp, origin.userAgent, origin.requestId, JSON.stringify(rows),
  ]);
}
