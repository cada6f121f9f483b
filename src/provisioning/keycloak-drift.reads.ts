/** Owns a page of the drift report: bounded in how much it looks at and for how long, and continued by its cursor. */
import type { Page } from "../kernel/connection.js";
import { DEFAULT_PAGE_SIZE } from "../kernel/connection.js";
import { Fault } from "../kernel/fault.js";
import { isUuid } from "../kernel/id.js";
import type { RequestContext } from "../kernel/request.js";
import { KeycloakError } from "../keycloak/keycloak.js";
import type { DriftPageArgs, KeycloakDrift } from "./keycloak-drift.entity.js";
import { START, walkFrom, type DriftPlace } from "./keycloak-drift.walk.js";
import { noIdentityProvider } from "./provisioning.changes.js";

/** Tenants and organisations that one page looks at, and how long it goes on looking. */
const MAX_LOOKED_AT = 500;
const MAX_LOOKING_MS = 4_000;

/**
 * What differs, as far as this page came. Its end is where it stopped looking, and not its last entry: a page may be empty and still
 * have another one after it.
 *
 * Faults  BAD_USER_INPUT(after); UNAVAILABLE while the identity provider is away; FAILED_PRECONDITION when it refuses us, or there is none.
 */
export async function keycloakDrift(context: RequestContext, { first, after }: DriftPageArgs): Promise<Page<KeycloakDrift>> {
  const { keycloak } = context.facilities;
  if (keycloak === null) throw noIdentityProvider();
  const start = after == null ? START : readPlace(after);
  const nodes: KeycloakDrift[] = [];
  const until = performance.now() + MAX_LOOKING_MS;
  let [looked, end, more] = [0, start, false];
  try {
    for await (const { place, drift } of walkFrom(context, keycloak, start)) {
      looked += 1;
      end = place;
      if (drift) nodes.push(drift);
      more = nodes.length >= (first ?? DEFAULT_PAGE_SIZE) || looked >= MAX_LOOKED_AT || performance.now() > until;
      if (more) break;
    }
  } catch (thrown) {
    throw thrown instanceof KeycloakError ? faultOf(thrown) : thrown;
  }
  return {
    nodes,
    pageInfo: { hasNextPage: more, hasPreviousPage: after != null, startCursor: nodes[0] ? cursorOf(nodes[0]) : null, endCursor: looked > 0 ? writePlace(end) : null },
    cursorOf,
    countAll: () => Promise.resolve(nodes.length),
  };
}

function cursorOf({ place }: KeycloakDrift): string {
  return writePlace(place);
}

function faultOf(error: KeycloakError): Fault {
  return new Fault(error.retryable ? "UNAVAILABLE" : "FAILED_PRECONDITION", error.message, { internal: error });
}

function writePlace(place: DriftPlace): string {
  return Buffer.from(JSON.stringify(["keycloak_drift", ...Object.entries(place).flat()])).toString("base64url");
}

/** Faults: BAD_USER_INPUT(after) for a cursor of another list. */
function readPlace(cursor: string): DriftPlace {
  try {
    const [list, phase, value]: unknown[] = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
    if (list === "keycloak_drift" && phase === "tenant" && isUuid(value)) return { tenant: value };
    if (list === "keycloak_drift" && phase === "organizations" && Number.isSafeInteger(value) && Number(value) >= 0) return { organizations: Number(value) };
  } catch {
    // Not ours: the same answer as a cursor of another list.
  }
  throw new Fault("BAD_USER_INPUT", "This is not a cursor of this list", { field: "after" });
}
