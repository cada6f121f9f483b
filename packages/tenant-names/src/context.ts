/** Owns the context that every name is made of, and its form in a log line. */
import { NO_TEAM, slug } from "./component.js";
import { membersOf } from "./refusal.js";

/** For whom something happens: a tenant, in one of its environments, and a team of it or none. */
export interface TenantContext {
  readonly tenant: string;
  readonly environment: string;
  readonly team: string | null;
}

/** Checked and frozen. A team that is left out is none. */
export function tenantContext(parts: { tenant: string; environment: string; team?: string | null }): TenantContext {
  const { tenant, environment, team = null } = membersOf(parts);
  return checkedContext({ tenant, environment, team });
}

/**
 * A context that a caller may have put together without `tenantContext`.
 *
 * A team that is undefined is refused here: it was forgotten more often than meant, and would be taken for the tenant's own place.
 */
export function checkedContext(context: TenantContext): TenantContext {
  const { tenant, environment, team } = membersOf(context);
  return Object.freeze({ tenant: slug("tenant", tenant), environment: slug("environment", environment), team: slugOrNone("team", team) });
}

export function slugOrNone(part: "environment" | "team", text: string | null): string | null {
  return text === null ? null : slug(part, text);
}

/** A team's word where every name has one. A team cannot be called so, hence this cannot be mistaken. */
export const teamWord = (team: string | null): string => team ?? NO_TEAM;

/** The context of three words of a name. A word that is not there is refused like an empty one. */
export function contextOf({ tenant = "", environment = "", team = "" }: Partial<Record<"tenant" | "environment" | "team", string>>): TenantContext {
  return checkedContext({ tenant, environment, team: team === NO_TEAM ? null : team });
}

/** Names of the members as the platform's log lines have them. */
export interface LogFields {
  readonly tenant_id: string;
  readonly env_id: string;
  readonly team_id: string | null;
}

/** `parse` reads the three members and leaves the rest of a log line alone. Both throw NameRefusedError. */
export const logFields: { print(context: TenantContext): LogFields; parse(fields: LogFields): TenantContext } = Object.freeze({
  print(context: TenantContext): LogFields {
    const { tenant, environment, team } = checkedContext(context);
    return { tenant_id: tenant, env_id: environment, team_id: team };
  },
  parse(fields: LogFields): TenantContext {
    const { tenant_id: tenant, env_id: environment, team_id: team } = membersOf(fields);
    return checkedContext({ tenant, environment, team });
  },
});
