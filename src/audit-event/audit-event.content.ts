/** Owns what an appended event says: as columns, as a digest to tell whether two are the same, and as the hash that Retraced's clients check. */
import { createHash } from "node:crypto";
import { canonicalJson } from "../kernel/canonical-json.js";
import type { AuditEventInput } from "./audit-event.append.inputs.js";
import type { EventRow, Fields } from "./audit-event.draft.js";

/** What the product says. Tenant, product, writer and id are the registry's. */
export type EventContent = Omit<EventRow, "uid" | "tenantId" | "product" | "writer">;

/** Of an event without violations. */
export function contentOf(event: AuditEventInput): EventContent {
  const { actor, target } = event;
  return {
    action: event.action,
    crud: event.crud,
    projectId: event.projectId?.toLowerCase() ?? null,
    actorId: actor?.id ?? null,
    actorName: actor?.name ?? null,
    actorType: actor?.type ?? null,
    actorHref: actor?.href ?? null,
    actorFields: fieldsOf(actor?.fields),
    targetId: target?.id ?? null,
    targetType: target?.type ?? null,
    targetName: target?.name ?? null,
    targetHref: target?.href ?? null,
    targetFields: fieldsOf(target?.fields),
    metadata: fieldsOf(event.metadata) ?? {},
    fields: fieldsOf(event.fields),
    isFailure: event.isFailure ?? false,
    isAnonymous: event.isAnonymous ?? false,
    description: event.description ?? null,
    component: event.component ?? null,
    version: event.version ?? null,
    externalId: event.externalId ?? null,
    sourceIp: event.sourceIp ?? null,
    userAgent: event.userAgent ?? null,
    requestId: event.requestId ?? null,
    createdAt: event.created ?? null,
  };
}

/** The rules have seen to it that each is a text. */
function fieldsOf(fields: Record<string, unknown> | null | undefined): Fields | null {
  return (fields as Fields | null | undefined) ?? null;
}

/**
 * Equal for events that say the same, whatever their members' order, and whether what is not known is null or left out. Columns that the
 * log gets later change no digest of an event that has nothing for them.
 */
export function contentDigest(event: AuditEventInput): Buffer {
  const known = Object.entries(contentOf(event)).filter(([, value]) => value !== null && value !== false);
  return createHash("sha256").update(canonicalJson(Object.fromEntries(known)) ?? "").digest();
}

/**
 * The hash of one event in the form of Retraced, which knows nothing of crud, description, names and times. `group` is what the producer
 * called the tenant; null when it named none.
 */
export function retracedHash(id: string, group: string | null, event: Pick<AuditEventInput, "action" | "actor" | "target" | "sourceIp" | "isFailure" | "isAnonymous" | "fields" | "metadata" | "externalId">): string {
  const { action, actor, target, sourceIp, isFailure, isAnonymous, fields, metadata, externalId } = event;
  const parts = [id, action, target?.id ?? "", actor?.id ?? "", group ?? "", sourceIp ?? ""].map(escaped);
  const text = [
    ...parts.map((part) => `${part}:`),
    isFailure ? "1:" : "0:",
    isAnonymous ? "1:" : "0:",
    fields ? pairs(fields) : ":",
    externalId ? `:${escaped(externalId)}` : "",
    metadata ? `:${pairs(metadata)}` : "",
  ];
  return createHash("sha256").update(text.join("")).digest("hex");
}

function pairs(fields: Record<string, unknown>): string {
  const inOrder = Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1));
  return inOrder.map(([name, value]) => `${escapedTwice(name)}=${escapedTwice(String(value))};`).join("");
}

function escaped(text: string): string {
  return text.replaceAll("%", "%25").replaceAll(":", "%3A");
}

function escapedTwice(text: string): string {
  return escaped(text).replaceAll("=", "%3D").replaceAll(";", "%3B");
}
