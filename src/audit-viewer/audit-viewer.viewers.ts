/** Owns who comes with a viewer token: its look-up before there is a caller, and the one event that says it was used. */
import { LRUCache } from "lru-cache";
import type { EntityManager } from "typeorm";
import { openDoors, type House, type RequestOrigin } from "../kernel/doors.js";
import { rejectedToken } from "../kernel/bearer.js";
import { Fault, notFound } from "../kernel/fault.js";
import type { TenantUser } from "../kernel/principal.js";
import type { KnownTenant, TenantDirectory } from "../tenant/tenant.directory.js";
import { statusAt } from "../tenant/tenant.lifecycle.js";
import { restrictionIn } from "../tenant/tenant.refusals.js";
import { openViewerTokens, VIEWER_TOKEN_MINUTES, type ViewerTokenParts, type ViewerTokens, type Viewing } from "./audit-viewer.tokens.js";

/** Every value of the request's headers that say who is calling, as they came. */
export interface Presented {
  authorization: readonly string[];
  /** The tenant that is to be acted in. */
  tenant: readonly string[];
}

export interface AuditViewers extends Pick<ViewerTokens, "sign"> {
  /**
   * Who presents a viewer token; null for whoever presents anything else. The first time an event says that the log is looked at, and
   * without that event nobody looks.
   *
   * Faults  UNAUTHENTICATED for a token that does not hold up, or whose tenant is gone; NOT_FOUND when another tenant is named beside it;
   *         UNAVAILABLE and DEADLINE_EXCEEDED without a database.
   */
  recognise(presented: Presented, origin: () => RequestOrigin): Promise<TenantUser | null>;
}

declare module "../kernel/request.js" {
  interface Facilities {
    auditViewers: AuditViewers;
  }
}

export interface AuditViewerParts extends ViewerTokenParts {
  house: House;
  directory: TenantDirectory;
  /** The time that recording may take. */
  operationMs: number;
}

const REMEMBER_AT_MOST = 10_000;
/** No token is good for longer, whatever the clocks say. */
const REMEMBER_MS = 2 * VIEWER_TOKEN_MINUTES * 60_000;

/** Events of ours have a place beside those of products, which cannot call themselves so: by it two instances record a token's use once. */
const RECORD_ONCE = `
  insert into audit_external_ids (tenant_id, product, external_id, event_id) values ($1, 'tenant-registry', 'view:' || $2, $2::uuid)
  on conflict (tenant_id, external_id, product) do nothing returning event_id`;

export function openAuditViewers({ house, directory, operationMs, ...parts }: AuditViewerParts): AuditViewers {
  const tokens = openViewerTokens(parts);
  const recorded = new LRUCache<string, Promise<void>>({ max: REMEMBER_AT_MOST, ttl: REMEMBER_MS });

  function recordOnce({ tokenId }: Viewing, tenant: KnownTenant, principal: TenantUser, origin: () => RequestOrigin): Promise<void> {
    const before = recorded.get(tokenId);
    if (before) return before;
    const started = performance.now();
    const doors = openDoors(house, { principal, origin: origin(), remainingMs: () => operationMs - (performance.now() - started), committed: () => undefined });
    const recording = doors.within(tenant.id).change("audit.view", async (tx: EntityManager) => {
      const [first] = await tx.query<unknown[]>(RECORD_ONCE, [tenant.id, tokenId]);
      if (!first) return { value: undefined, unaudited: "no-op" };
      return { value: undefined, audit: [{ target: { type: "tenant", id: tenant.id, name: tenant.slug }, metadata: { token: tokenId } }] };
    });
    recorded.set(tokenId, recording);
    recording.catch(() => recorded.delete(tokenId));
    return recording;
  }

  return {
    sign: (viewing) => tokens.sign(viewing),
    async recognise({ authorization, tenant: named }, origin) {
      const viewing = await openedToken(tokens, authorization);
      if (!viewing) return null;
      const reference = { by: "tenant-id", value: viewing.tenantId } as const;
      const tenant = (await directory.resolve([reference])).get(reference);
      if (!tenant) throw rejectedToken("the tenant of a viewer token is gone");
      refuseOthers(named, tenant);
      const principal: TenantUser = {
        kind: "user",
        subject: viewing.subject,
        name: null,
        roles: ["audit_viewer"],
        tenantId: tenant.id,
        restriction: restrictionIn(statusAt(tenant, parts.now())),
        narrowedTo: viewing.narrowedTo,
      };
      await recordOnce(viewing, tenant, principal, origin);
      return principal;
    },
  };
}

function openedToken(tokens: ViewerTokens, [value = "", ...more]: readonly string[]): Promise<Viewing> | null {
  const [, token] = /^Bearer +([\w.-]+)$/i.exec(value) ?? [];
  return token === undefined || more.length > 0 ? null : tokens.open(token);
}

/** In the words for people who name a tenant that is not theirs. */
function refuseOthers([named, ...more]: readonly string[], { id, slug }: KnownTenant): void {
  if (more.length > 0) throw new Fault("BAD_USER_INPUT", "Give X-Tenant-ID once", { field: "X-Tenant-ID" });
  if (named !== undefined && named !== slug && named.toLowerCase() !== id) throw notFound("Tenant");
}
