/** Owns whose claims are asked for, in the graph and over plain HTTP alike, and who may be told them. */
import { Fault } from "../kernel/fault.js";
import { isStorable, isUuid } from "../kernel/id.js";
import type { TenantReference } from "../kernel/named-tenants.js";
import type { RequestContext } from "../kernel/request.js";
import type { TenantClaims } from "./tenant-claims.answers.js";

const BY = { tenantId: "tenant-id", organizationId: "organization-id", alias: "alias" } as const satisfies Record<string, TenantReference["by"]>;
type Name = keyof typeof BY;
const NAMES = Object.keys(BY) as Name[];

const MAX_CHARACTERS = 255;

/** Whose claims; by exactly one of the three. */
export type ClaimsQuestion = { readonly [name in Name]?: string | null };

/**
 * The tenant's claims; null when there is none. Staff who narrowed to one tenant ask about that one only.
 *
 * Faults  BAD_USER_INPUT when not exactly one of the three is given; UNAVAILABLE as the teller says. `called` is what the caller knows
 *         the three by.
 */
export async function claimsFor({ facilities, principal }: RequestContext, question: ClaimsQuestion, called: Readonly<Record<Name, string>> = AS_IN_THE_GRAPH): Promise<TenantClaims | null> {
  const reference = referenceFrom(question, called);
  const claims = reference && (await facilities.tenantClaims.tell(reference));
  return principal.tenantId === null || claims?.tenantId === principal.tenantId ? claims : null;
}

const AS_IN_THE_GRAPH = { tenantId: "tenantId", organizationId: "organizationId", alias: "alias" };

/** Null when there can be no such tenant. An empty text is none: mappers also send parameters that they have no value for. */
function referenceFrom(question: ClaimsQuestion, called: Readonly<Record<Name, string>>): TenantReference | null {
  const [name, another] = NAMES.filter((name) => question[name]);
  if (name === undefined || another !== undefined) {
    throw new Fault("BAD_USER_INPUT", `Name the tenant by exactly one of ${NAMES.map((one) => called[one]).join(", ")}`, { field: called[another ?? "tenantId"] });
  }
  const value = question[name] as string;
  if (name === "tenantId") return isUuid(value) ? { by: BY[name], value: value.toLowerCase() } : null;
  return isStorable(value) && value.length <= MAX_CHARACTERS ? { by: BY[name], value } : null;
}
