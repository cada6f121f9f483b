/** Owns how events become rows of the audit log: ours and those of products alike. When and in which transaction is the change door's business. */
import { randomUUID } from "node:crypto";
import type { EntityManager } from "typeorm";
import type { AuditDraft, ChangeScope } from "../kernel/doors.js";
import type { Principal } from "../kernel/principal.js";
import { recordedEntry, recordedMetadata } from "./audit-event.actions.js";
import type { EventRow } from "./audit-event.draft.js";

/** Member → its column, and the type as which JSON is read for it. What is not here, the doors' roles may not write. */
const COLUMNS: Readonly<Record<keyof EventRow, readonly [column: string, type: string]>> = {
  uid: ["uid", "uuid"],
  tenantId: ["tenant_id", "uuid"],
  projectId: ["project_id", "uuid"],
  actorId: ["actor_id", "text"],
  actorName: ["actor_name", "text"],
  actorType: ["actor_type", "text"],
  actorHref: ["actor_href", "text"],
  actorFields: ["actor_fields", "jsonb"],
  action: ["action", "text"],
  crud: ["crud", "text"],
  targetId: ["target_id", "text"],
  targetType: ["target_type", "text"],
  targetName: ["target_name", "text"],
  targetHref: ["target_href", "text"],
  targetFields: ["target_fields", "jsonb"],
  product: ["product", "text"],
  metadata: ["metadata", "jsonb"],
  fields: ["fields", "jsonb"],
  isFailure: ["is_failure", "boolean"],
  isAnonymous: ["is_anonymous", "boolean"],
  description: ["description", "text"],
  component: ["component", "text"],
  version: ["version", "text"],
  externalId: ["external_id", "text"],
  writer: ["writer", "text"],
  sourceIp: ["source_ip", "inet"],
  userAgent: ["user_agent", "text"],
  requestId: ["request_id", "text"],
  createdAt: ["created_at", "timestamptz"],
};

const columns = Object.entries(COLUMNS);
const INSERT = `
  insert into audit_log (${columns.map(([, [column]]) => column).join(", ")})
  select ${columns.map(([member]) => (member === "createdAt" ? `coalesce(e."createdAt", now())` : `e."${member}"`)).join(", ")}
  from jsonb_to_recordset($1::jsonb) as e (${columns.map(([member, [, type]]) => `"${member}" ${type}`).join(", ")})`;

/** All in one statement, in this order. */
export async function writeEvents(tx: EntityManager, rows: readonly EventRow[]): Promise<void> {
  if (rows.length > 0) await tx.query(INSERT, [JSON.stringify(rows)]);
}

/** What wrote the registry's own events. */
const COMPONENT = "tenant-registry";

/** What the log calls each kind of caller; staff are people too, and their role is in the metadata. */
const ACTOR_TYPES: Record<Principal["kind"], string> = { user: "user", platform: "user", service: "service", system: "system" };

/** What an event of the registry's own never has. */
const NOT_OURS = { actorHref: null, actorFields: null, targetHref: null, targetFields: null, fields: null, description: null, version: null, externalId: null, writer: null, createdAt: null };

/**
 * One row a draft, completed with what the door knows: tenant, actor, origin and action.
 *
 * Throws  When the metadata is not what the action's entry in `ACTIONS` says: that is a bug, and what was to be recorded is rolled back.
 */
export async function recordChange(tx: EntityManager, { action, tenantId, principal, origin }: ChangeScope, drafts: readonly AuditDraft[]): Promise<void> {
  const { crud, isFailure } = recordedEntry(action);
  const product = principal.kind === "service" ? principal.product : null;
  const role = principal.kind === "platform" ? { actor_role: principal.roles.join(" ") } : {};
  const actor = { actorId: principal.subject, actorName: principal.name, actorType: ACTOR_TYPES[principal.kind] };
  const { sourceIp, userAgent, requestId } = origin;
  const rows = drafts.map(({ target, projectId, product: about, metadata }): EventRow => ({
    ...NOT_OURS,
    ...actor,
    uid: randomUUID(),
    tenantId,
    projectId: projectId ?? null,
    action,
    crud,
    targetId: target.id,
    targetType: target.type,
    targetName: target.name,
    product: about ?? product,
    metadata: recordedMetadata(action, { ...metadata, ...role }),
    isFailure,
    isAnonymous: false,
    component: COMPONENT,
    sourceIp,
    userAgent,
    requestId,
  }));
  await writeEvents(tx, rows);
}
