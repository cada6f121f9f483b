/** Owns how a tenant's steps are run: one after another, each claimed, asked of Keycloak outside the doors, and written down. */
import type { JobPayloads } from "../kernel/jobs.js";
import type { RequestContext } from "../kernel/request.js";
import { KeycloakError, type Keycloak } from "../keycloak/keycloak.js";
import { errorIn, failed, type Outcome } from "./provisioning.outcome.js";
import { situationOf } from "./provisioning.reads.js";
import { LEASE_MS } from "./provisioning.rules.js";
import { nextTurn, type Turn } from "./provisioning.turn.js";
import { StepName, type ProvisioningStep } from "./provisioning-step.entity.js";
import { organizationTurn } from "./step.organization.js";
import { invitationTurn, verificationTurn } from "./step.people.js";

/** More than a tenant can have at once; what is left then is found by the sweep. */
const MAX_TURNS = 20;

/**
 * Do what is due for one tenant at Keycloak. It may be called at any time, twice and at once: what is due is looked up, a step that
 * somebody works on is left to them, and Keycloak is asked only for what may be asked again. Between any two calls the process may
 * end: the step is then due again once its claim has run out.
 *
 * Audit   `keycloak.provision` for each step that came to something, `keycloak.provision_failed` for a failure that is new.
 * Source  seed 004 "KC failures are non-fatal"; INTEGRATIONS §1.
 */
export async function provisionTenant(context: RequestContext, { tenantId }: JobPayloads["tenant.provision"]): Promise<void> {
  const { keycloak } = context.facilities;
  if (keycloak === null) return;
  for (let turns = 0; turns < MAX_TURNS; turns++) {
    const found = await situationOf(context, tenantId);
    const due = found && nextTurn(found, context.now());
    const turn = due && (await claim(context, due));
    if (!turn) return;
    await take(context, keycloak, turn);
  }
}

/** Nobody else works on this step for the length of a lease. Null when somebody does already. */
function claim({ doors, now }: RequestContext, turn: Turn): Promise<Turn | null> {
  const { tenant, step } = turn;
  return doors.within(tenant.id).change("keycloak.provision", async (tx) => {
    const [rows] = await tx.query<[Pick<ProvisioningStep, "attempts" | "lastAttemptAt">[], number]>(
      `update tenant_provisioning_steps
       set attempts = case state when 'done' then 1 else attempts + 1 end, last_attempt_at = $4, next_attempt_at = $5
       where tenant_id = $1 and step = $2 and attempts = $3 and (next_attempt_at <= $4 or (next_attempt_at is null and state = 'done'))
       returning attempts, last_attempt_at as "lastAttemptAt"`,
      [tenant.id, step.step, step.attempts, now(), new Date(now().getTime() + LEASE_MS)],
    );
    return { value: rows[0] ? { ...turn, step: { ...step, ...rows[0] } } : null, unaudited: "bookkeeping" };
  });
}

async function take(context: RequestContext, keycloak: Keycloak, turn: Turn): Promise<void> {
  const home = context.doors.within(turn.tenant.id);
  try {
    const { action, work } = await ask(context, keycloak, turn);
    await home.change(action, work);
  } catch (thrown) {
    const error = errorIn(thrown, turn.step.step);
    if (error === null) throw thrown;
    const { step, attempts } = turn.step;
    if (thrown instanceof KeycloakError) context.log.warn({ step, attempts, kind: error, route: thrown.route, status: thrown.status, err: thrown }, "a provisioning step failed");
    const { action, work } = failed(turn, error, context.now());
    await home.change(action, work);
  }
}

function ask({ facilities, now }: RequestContext, keycloak: Keycloak, turn: Turn): Promise<Outcome> {
  switch (turn.step.step) {
    case StepName.ORGANIZATION:
      return organizationTurn(keycloak, turn, facilities.portalUrl, now);
    case StepName.INVITATION:
      return invitationTurn(keycloak, turn, now);
    case StepName.VERIFICATION:
      return verificationTurn(keycloak, turn, now);
  }
}
