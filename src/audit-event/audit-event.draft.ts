/** Owns what is known of one event before it is written. The database adds its number, when it was received and by which transaction. */
import type { AuditCrud } from "./audit-event.entity.js";

/** A product's own words about something, each under a name. */
export type Fields = Record<string, string>;

export interface EventRow {
  uid: string;
  tenantId: string;
  projectId: string | null;
  actorId: string | null;
  actorName: string | null;
  actorType: string | null;
  actorHref: string | null;
  actorFields: Fields | null;
  action: string;
  crud: AuditCrud;
  targetId: string | null;
  targetType: string | null;
  targetName: string | null;
  targetHref: string | null;
  targetFields: Fields | null;
  product: string | null;
  metadata: Record<string, unknown>;
  fields: Fields | null;
  isFailure: boolean;
  isAnonymous: boolean;
  description: string | null;
  component: string | null;
  version: string | null;
  externalId: string | null;
  /** Who appended it; null for the registry's own. */
  writer: string | null;
  sourceIp: string | null;
  userAgent: string | null;
  requestId: string | null;
  /** Null for the database's clock. */
  createdAt: Date | null;
}
