/** Owns who may ask about the context of which tenant, and in which environment and team of it. */
import { Fault } from "../kernel/fault.js";
import { isStorable, isUuid } from "../kernel/id.js";
import type { RequestContext } from "../kernel/request.js";
import type { TenantDirectory } from "../tenant/tenant.directory.js";
import { TenantStatus } from "../tenant/tenant.entity.js";
import { statusAt } from "../tenant/tenant.lifecycle.js";
import type { TenantContext } from "./tenancy.answers.js";
import { actingIn, contextOf } from "./tenancy.context.js";
import { foundIn, placeStatement, type NamedRow, type Ref } from "./tenancy.hierarchy.js";

declare module "../kernel/request.js" {
  interface Facilities {
    /** Which tenants there are, for whoever may know. */
    tenantDirectory: Pick<TenantDirectory, "find">;
  }
}

/** Each by its slug or id. What is left out is what the headers name; a tenant that is left out is the caller's own. */
export interface ContextQuestion {
  tenant?: string | null | undefined;
  environment?: string | null | undefined;
  team?: string | null | undefined;
}

/**
 * The context that was asked for; null when there is none for this caller, for whichever reason.
 *
 * Faults  BAD_USER_INPUT(tenant) when a service or staff name none; those of {@link contextIn}.
 */
export async function contextFor(context: RequestContext, { tenant, ...within }: ContextQuestion): Promise<TenantContext | null> {
  const named = await tenantNamed(context, tenant ?? null);
  return named === null ? null : contextIn(context, named, within);
}

/** A service sees only tenants that it names by id. Everybody else names whichever it likes: its doors decide whether there is one. */
async function tenantNamed({ principal, facilities }: RequestContext, tenant: string | null): Promise<string | null> {
  const named = tenant ?? principal.tenantId;
  if (named === null && principal.kind === "user") return null;
  if (named === null) throw new Fault("BAD_USER_INPUT", "Name the tenant by its slug or id", { field: "tenant" });
  if (principal.kind !== "service" || isUuid(named)) return named;
  return isStorable(named) ? ((await facilities.tenantDirectory.find(named))?.id ?? null) : null;
}

/**
 * The same in a tenant that is named already, for services by its id. What is read of it is read anew.
 *
 * Faults  BAD_USER_INPUT(X-Environment-ID) when no environment is named and there are several; BAD_USER_INPUT(environment | team)
 *         when a header names another one; BAD_USER_INPUT(tenant) when no name can hold its slug.
 */
export async function contextIn(context: RequestContext, tenant: string, { environment, team }: Omit<ContextQuestion, "tenant">): Promise<TenantContext | null> {
  const { asked, doors } = context;
  const names = { environment: environment ?? asked.environment, team: team ?? asked.team };
  const [row] = await doors.about([tenant]).read<NamedRow>(placeStatement(tenant, names));
  const status = row && statusAt(row, context.now());
  if (!row || !status || status === TenantStatus.ARCHIVED) return null;
  const found = foundIn(row, names);
  if (found === "several") throw new Fault("BAD_USER_INPUT", "The tenant has several environments: name one", { field: "X-Environment-ID" });
  if (found === null || found === "none") return null;
  refuseAnother("environment", "X-Environment-ID", found.environment, asked.environment);
  if (found.team) refuseAnother("team", "X-Team-ID", found.team, asked.team);
  const answer = contextOf(found, status);
  context.actIn(actingIn(found));
  return answer;
}

/** A document that asks about one place and headers that name another are a mistake in one of the two. */
function refuseAnother(argument: string, header: string, { id, slug }: Ref, named: string | null): void {
  if (named === null || named === slug || named.toLowerCase() === id) return;
  throw new Fault("BAD_USER_INPUT", `The ${header} header names another ${argument}`, { field: argument });
}
