/** Owns how a viewer token is made: one token, one event. How it is used is `audit-viewer.viewers.ts`. */
import { randomUUID } from "node:crypto";
import type { EventNarrowing } from "../kernel/principal.js";
import type { RequestContext } from "../kernel/request.js";
import type { CreateAuditViewerTokenInput } from "./audit-viewer.inputs.js";
import type { SignedToken } from "./audit-viewer.tokens.js";

/** What a token is to show, and to whom. */
export interface WantedViewing {
  tenantId: string | null | undefined;
  subject: string;
  narrowedTo: EventNarrowing;
}

/**
 * Make a token with which a page can show a tenant's audit log for five minutes, without its viewer being known to the identity provider.
 *
 * It is signed, not stored, and cannot be taken back. It reads events and nothing else, never more than its maker sees; whoever repeats
 * the request gets another one.
 *
 * Faults  NOT_FOUND for a tenant that is not the caller's; allowed in every state of a tenant, as reading its log is.
 * Audit   `audit.create_viewer_token`, target = who is to look. What it was narrowed to is recorded by kind and without ids, which could be
 *         those of people and would outlast their erasure. Its first use is an `audit.view`.
 */
export function createAuditViewerToken(context: RequestContext, { tenantId, forActor, actorId, targetId }: CreateAuditViewerTokenInput): Promise<SignedToken> {
  const narrowedTo = { ...(actorId != null && { actorId }), ...(targetId != null && { targetId }) };
  return makeViewerToken(context, { tenantId, subject: forActor ?? context.principal.subject, narrowedTo });
}

/** As {@link createAuditViewerToken}; for callers whose right to it has been seen to. */
export async function makeViewerToken({ doors, facilities: { auditViewers } }: RequestContext, { tenantId, subject, narrowedTo: given }: WantedViewing): Promise<SignedToken> {
  const home = doors.within(tenantId);
  const tokenId = randomUUID();
  const kinds = KINDS.filter((kind) => given[kind] !== undefined);
  const narrowedTo = kinds.length > 0 ? given : undefined;
  const signed = await auditViewers.sign({ tokenId, tenantId: home.tenantId, subject, narrowedTo });
  return home.change("audit.create_viewer_token", async () => ({
    value: signed,
    audit: [{ target: { type: "user", id: subject, name: subject }, metadata: { token: tokenId, narrowedTo: kinds, expiresAt: signed.expiresAt } }],
  }));
}

const KINDS = ["actorId", "targetId", "product"] as const satisfies readonly (keyof EventNarrowing)[];
