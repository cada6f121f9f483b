/** Owns how Retraced's clients ask for a viewer token: with parameters in the address, for a page of one person. */
import { makeViewerToken } from "../audit-viewer/audit-viewer.changes.js";
import { isPlainText } from "../kernel/bearer.js";
import { Fault, notFound } from "../kernel/fault.js";
import type { RetracedRequest } from "./retraced.callers.js";
import { isOf } from "./retraced.publishing.js";

const LONGEST_ID = 255;
const TRUTHS: ReadonlyMap<string, boolean> = new Map([["true", true], ["false", false]]);

/**
 * A token with which a page sees what the key's product recorded in its tenant: of everybody for an administrator, else of the actor alone.
 *
 * Parameters  `group_id`, `actor_id`, `is_admin` and `target_id`; whatever else is there is left alone, as Retraced does.
 * Faults      BAD_USER_INPUT naming the parameter; NOT_FOUND for another tenant than the key's.
 */
export async function viewerTokenFor({ context, key }: RetracedRequest, query: unknown): Promise<{ token: string }> {
  if (!key) throw new Fault("FORBIDDEN", "Viewer tokens are made for API keys");
  const parameters = query as Record<string, unknown>;
  if (!isOf(key, parameterIn(parameters, "group_id"))) throw notFound("Tenant");
  const actorId = parameterIn(parameters, "actor_id");
  if (actorId === undefined) throw new Fault("BAD_USER_INPUT", "Give actor_id: who looks is recorded", { field: "actor_id" });
  const targetId = parameterIn(parameters, "target_id");
  const narrowedTo = { product: key.product, ...(!isAdministrator(parameters) && { actorId }), ...(targetId !== undefined && { targetId }) };
  const { token } = await makeViewerToken(context, { tenantId: key.tenantId, subject: actorId, narrowedTo });
  return { token };
}

/** Whoever does not say so is none. */
function isAdministrator(parameters: Record<string, unknown>): boolean {
  const truth = TRUTHS.get(parameterIn(parameters, "is_admin") ?? "false");
  if (truth === undefined) throw new Fault("BAD_USER_INPUT", "Give is_admin as true or false", { field: "is_admin" });
  return truth;
}

/** Undefined for one that is not there, or empty. */
function parameterIn(parameters: Record<string, unknown>, name: string): string | undefined {
  const value = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
  if (value === undefined || value === "") return undefined;
  if (!isPlainText(value, LONGEST_ID)) throw new Fault("BAD_USER_INPUT", `Give ${name} once, as text of up to ${LONGEST_ID} characters`, { field: name });
  return value;
}
