/** Owns the one way in which a context comes about: from a place that was looked up, checked as a name and frozen. No I/O. */
import { logFields, NameRefusedError, tenantContext, type TenantContext as NamedContext } from "../../packages/tenant-names/src/index.js";
import { Fault } from "../kernel/fault.js";
import type { ActingIn } from "../kernel/request.js";
import { TenantStatus } from "../tenant/tenant.entity.js";
import { TenantContext } from "./tenancy.answers.js";
import type { FoundPlace, Place } from "./tenancy.hierarchy.js";

/** Faults: BAD_USER_INPUT(tenant) for a tenant that had its slug before names could not hold it any more. */
function namedContext({ tenantSlug, environment, team }: Place): NamedContext {
  return orRefused(() => tenantContext({ tenant: tenantSlug, environment: environment.slug, team: team?.slug ?? null }));
}

/** Where a request acts, as its log lines tell it. Faults: BAD_USER_INPUT(tenant) as every context. */
export function actingIn(place: Place): ActingIn {
  const { tenantId, environment } = place;
  return { tenantId, environment: environment.slug, fields: { ...logFields.print(namedContext(place)) } };
}

/** Faults: BAD_USER_INPUT(tenant) as every context. */
export function contextOf(place: FoundPlace, status: TenantStatus): TenantContext {
  const { tenantId, tenantSlug, environment, team, row } = place;
  return Object.freeze({
    tenantId,
    tenantSlug,
    environmentId: environment.id,
    environment: environment.slug,
    teamId: team?.id ?? null,
    team: team?.slug ?? null,
    readOnly: status === TenantStatus.FROZEN,
    named: namedContext(place),
    clusterSlug: environment.cluster,
    says: { tenant: row.settings, environment: environment.settings, team: team?.settings ?? null },
  });
}

/** What names are made of comes from callers too: a refusal is theirs to read. It never repeats what was refused. Faults: BAD_USER_INPUT(part), or (argument) where that is what they gave. */
export function orRefused<T>(make: () => T, argument?: string): T {
  try {
    return make();
  } catch (thrown) {
    if (!(thrown instanceof NameRefusedError)) throw thrown;
    throw new Fault("BAD_USER_INPUT", thrown.message, { field: argument ?? thrown.part });
  }
}
