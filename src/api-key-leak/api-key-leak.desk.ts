/** Owns what happens to keys that were found where they should not be: each is proven, revoked and recorded. */
import type { EntityManager } from "typeorm";
import { openDoors, type Change, type Home, type House } from "../kernel/doors.js";
import { Fault, notFound } from "../kernel/fault.js";
import { isPlatforms, REGISTRY_ITSELF, type Principal } from "../kernel/principal.js";
import type { RequestContext } from "../kernel/request.js";
import { updateRow } from "../kernel/update.js";
import { ApiKey, ApiKeyRevokeReason } from "../api-key/api-key.entity.js";
import type { KeyRow } from "../api-key/api-key.facts.js";
import type { ReportLeakedApiKeyInput, ReportLeakedApiKeyPayload } from "./api-key-leak.inputs.js";
import { aboutKey } from "../api-key/api-key.minting.js";
import type { KeyVerifier } from "../api-key-verdict/api-key-verdict.verifier.js";

/** Characters of the place that an event keeps. */
export const MAX_PLACE = 500;

export interface Leak {
  /** The whole key. */
  key: string;
  /** Where it was found, in the finder's words. */
  foundAt: string | null;
}

export interface LeakOutcome {
  /** False when it had been revoked before, or had ended with its tenant. */
  revoked: boolean;
}

export interface LeakDesk {
  /**
   * Revoke these keys, also inside the overlap of a rotation; a successor stays. Whoever has less than the whole key can revoke nothing:
   * look-up ids are public. In the order of the reports; null for what is no key, or none of those that this caller may change, which
   * takes as long to tell. Nothing of a key is kept but its look-up id.
   *
   * Faults  UNAVAILABLE, when some may have been revoked already, and the same reports can be sent again; for people also what the change
   *         door says of their tenant: TENANT_READ_ONLY, FAILED_PRECONDITION in a demo.
   * Audit   `api_key.report_leak` for each key that it revokes, with who reported it and where it was found.
   */
  report(context: RequestContext, leaks: readonly Leak[]): Promise<(LeakOutcome | null)[]>;
}

declare module "../kernel/request.js" {
  interface Facilities {
    leaks: LeakDesk;
  }
}

export interface LeakDeskParts {
  house: House;
  verifier: Pick<KeyVerifier, "prove" | "forget">;
  operationMs: number;
}

export function openLeakDesk({ house, verifier, operationMs }: LeakDeskParts): LeakDesk {
  /** A product's service has no way into a tenant: what it has proven is done by the registry itself, so in frozen tenants as well. */
  function homeForServices(context: RequestContext, tenantId: string, started: number): Home {
    const doors = openDoors(house, {
      principal: { ...REGISTRY_ITSELF, subject: "system:leaks" },
      origin: { requestId: context.requestId, sourceIp: null, userAgent: null },
      remainingMs: () => operationMs - (performance.now() - started),
      committed: () => context.forget(),
    });
    return doors.within(tenantId);
  }

  async function end(context: RequestContext, row: KeyRow, leak: Leak, started: number): Promise<LeakOutcome | null> {
    const { principal, doors } = context;
    if (!isWithinReach(principal, row.tenantId)) return null;
    const isService = principal.kind === "service";
    const home = isService ? homeForServices(context, row.tenantId, started) : doors.within(row.tenantId);
    try {
      return await home.change("api_key.report_leak", (tx) => revoke(tx, row.id, { revokedAt: context.now(), revokedById: principal.subject }, placeOf(leak)));
    } catch (thrown) {
      if (isService && thrown instanceof Fault && thrown.code === "TENANT_READ_ONLY") return ENDED_BEFORE;
      throw thrown;
    } finally {
      // Also after a failure: the commit may have been done although its answer was lost.
      verifier.forget(row.lookupId);
    }
  }

  return {
    async report(context, leaks) {
      const started = performance.now();
      const asker = askerOf(context.principal);
      const rows = await Promise.all(leaks.map(({ key }) => verifier.prove(asker, key)));
      const outcomes: (LeakOutcome | null)[] = [];
      // One after another: a list that was sent in one request is not to hold every connection.
      for (const [at, row] of rows.entries()) outcomes.push(row && (await end(context, row, leaks[at] as Leak, started)));
      return outcomes;
    },
  };
}

/**
 * One key, reported in the graph.
 *
 * Faults  NOT_FOUND when it is no key, has a wrong character, or is none that this caller may change; the others of {@link LeakDesk.report}.
 */
export async function reportLeakedApiKey(context: RequestContext, { key, foundAt = null }: ReportLeakedApiKeyInput): Promise<ReportLeakedApiKeyPayload> {
  const [outcome] = await context.facilities.leaks.report(context, [{ key, foundAt }]);
  if (!outcome) throw notFound("API key");
  return outcome;
}

/** Also of a key in an archived tenant: nothing there can be changed, and nothing there works. */
const ENDED_BEFORE: LeakOutcome = { revoked: false };

/** Whose turn it takes when many keys wait to be compared. */
function askerOf(principal: Principal): string {
  return principal.kind === "service" ? principal.product : (principal.tenantId ?? "system:platform");
}

function isWithinReach(principal: Principal, tenantId: string): boolean {
  if (principal.kind === "service" || (isPlatforms(principal) && principal.tenantId === null)) return true;
  return principal.tenantId === tenantId;
}

type Revocation = Pick<ApiKey, "revokedAt" | "revokedById">;

/** The row is looked at under a lock only now: of several reports at once one revokes. */
async function revoke(tx: EntityManager, id: string, { revokedAt, revokedById }: Revocation, foundAt: string | null): Promise<Change<LeakOutcome | null>> {
  const key = await tx.findOne(ApiKey, { where: { id }, lock: { mode: "for_no_key_update" } });
  if (!key) return { value: null, unaudited: "no-op" };
  if (key.revokedAt !== null) return { value: ENDED_BEFORE, unaudited: "no-op" };
  await updateRow(tx, ApiKey, key, { revokedAt, revokedById, revokeReason: ApiKeyRevokeReason.LEAKED });
  const successor = await tx.findOne(ApiKey, { where: { tenantId: key.tenantId, rotatedFromId: id }, select: { id: true } });
  const metadata = { reported_by: revokedById, found_at: foundAt, ...(successor && { successor: successor.id }) };
  return { value: { revoked: true }, audit: [aboutKey(key, metadata)] };
}

/** `_` as it stands in addresses, also in one within another, in JSON, Markdown and HTML. */
const UNDERSCORE = String.raw`(?:\\?_|%(?:25)*5F|\\u005F|&#(?:95|x5F);)`;

/** A key of ours in a text, or the beginning of one: what follows the look-up id is secret. Another may follow at once. */
const KEYS_IN_TEXT = new RegExp(`(trk${UNDERSCORE}(?:dev|staging|prod)${UNDERSCORE}[0-9A-Z]{12}${UNDERSCORE})[0-9A-Z]+?(?=trk${UNDERSCORE}|[^0-9A-Z]|$)`, "gi");

/** Where it was found is often an address, and the key may be in it, or the secret part alone. */
function placeOf({ key, foundAt }: Leak): string | null {
  if (foundAt === null) return null;
  const [secret = key] = /[0-9A-Za-z]{36}$/.exec(key) ?? [];
  const place = [key, encodeURIComponent(key), secret].reduce((text, part) => text.replaceAll(part, "…"), foundAt.replace(KEYS_IN_TEXT, "$1…"));
  // By characters: half of one could not be stored.
  return [...place].slice(0, MAX_PLACE).join("");
}
