/** Owns the names of what belongs to a context. How they look is the business of `tenant-names`; a component that it refuses is its caller's fault. */
import { messageSubject, resourceName, secretPaths, sessionPath, stateKey, type TenantContext as NamedContext } from "../../packages/tenant-names/src/index.js";
import { Fault } from "../kernel/fault.js";
import { ResourceKind, type SecretProfile } from "./tenancy.answers.js";
import { orRefused } from "./tenancy.context.js";

/** Faults: BAD_USER_INPUT(session). */
export function sessionPathOf(context: NamedContext, session: string): string {
  return orRefused(() => sessionPath.print({ context, session }), "session");
}

/** Faults: BAD_USER_INPUT(session). */
export function stateKeyOf(context: NamedContext, session: string): string {
  return orRefused(() => stateKey.print({ context, session }), "session");
}

/** Faults: BAD_USER_INPUT(channel). */
export function messageSubjectOf(context: NamedContext, channel: string): string {
  return orRefused(() => messageSubject.print({ context, channel }), "channel");
}

/** `shared` leaves the environment out, as the layouts were before there were any. Faults: BAD_USER_INPUT(key). */
export function secretPathOf({ tenant, environment, team }: NamedContext, { profile, key, shared }: { profile: SecretProfile; key: string; shared: boolean }): string {
  const owner = { kind: "tenant", tenant, environment: shared ? null : environment, team } as const;
  return orRefused(() => secretPaths[profile].print({ owner, key: key.split("/") }), "key");
}

/**
 * Of the context itself, or of one thing in it. Channels and flows are the same in every environment, flows in every team: their names
 * say no more than they need.
 *
 * Faults  BAD_USER_INPUT(id | kind) when one is given without the other, or the id breaks its rule; BAD_USER_INPUT(kind) for a
 *         channel in a context without a team.
 */
export function resourceNameOf({ tenant, environment, team }: NamedContext, kind: ResourceKind | null, id: string | null): string {
  if (kind === null && id === null) return resourceName.print({ tenant, environment, team, item: null });
  if (kind === null || id === null) throw new Fault("BAD_USER_INPUT", "Give kind and id together, or neither", { field: kind === null ? "kind" : "id" });
  if (kind === ResourceKind.CHANNELS && team === null) throw new Fault("BAD_USER_INPUT", "A channel is a team's, and this context has none", { field: "kind" });
  const ofTenant = kind === ResourceKind.FLOWS;
  const place = { tenant, environment: ofTenant || kind === ResourceKind.CHANNELS ? null : environment, team: ofTenant ? null : team };
  return orRefused(() => resourceName.print({ ...place, item: { kind, id } }), "id");
}
