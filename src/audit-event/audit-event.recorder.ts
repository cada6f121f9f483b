/** Owns how drafts become rows of the audit log. When and in which transaction is the change door's business. */
import type { EntityManager } from "typeorm";
import type { AuditDraft, ChangeScope } from "../kernel/doors.js";
import { AuditEvent } from "./audit-event.entity.js";

/** One row a draft, completed with what the door knows: tenant, actor, origin and action. */
export async function recordChange(tx: EntityManager, scope: ChangeScope, drafts: readonly AuditDraft[]): Promise<void> {
  const { action, tenantId, principal, origin } = scope;
  await tx.insert(
    AuditEvent,
    drafts.map(({ target, projectId, product, metadata }) => ({
      tenantId,
      projectId: projectId ?? null,
      actorId: principal.subject,
      actorName: principal.name,
      actorType: principal.kind === "service" ? "service" : "user",
      action,
      targetId: target.id,
      targetType: target.type,
      targetName: target.name,
      product: product ?? (principal.kind === "service" ? principal.product : null),
      metadata: { ...metadata, ...(principal.kind === "platform" && { actor_role: principal.roles.join(" ") }) },
      sourceIp: origin.sourceIp,
      userAgent: origin.userAgent,
      requestId: origin.requestId,
    })),
  );
}
