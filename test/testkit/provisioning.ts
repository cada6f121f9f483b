/** Owns what tests of provisioning share: a customer with an administrator to invite, what the graph tells of it, and the passing of time. */
import { data } from "./outcome.js";
import type { Registry } from "./registry.js";
import { callerWith, unique, type Caller } from "./world.js";

const CREATE = `mutation ($input: CreateTenantInput!) { createTenant(input: $input) { tenant { id slug } inviteUrl } }`;

const PROVISIONING = `query ($id: ID!) { tenant(id: $id) { provisioning {
  steps { step state attempts lastError lastAttemptAt nextAttemptAt completedAt }
  invitations { id email name state sentAt expiresAt acceptedAt roleGrantedAt version }
} } }`;

export interface Step {
  step: string;
  state: string;
  attempts: number;
  lastError: string | null;
  lastAttemptAt: string | null;
  nextAttemptAt: string | null;
  completedAt: string | null;
}

export interface Invited {
  id: string;
  email: string;
  name: string;
  state: string;
  sentAt: string | null;
  expiresAt: string | null;
  acceptedAt: string | null;
  roleGrantedAt: string | null;
  version: number;
}

export interface Provisioned {
  organization: Step;
  invitation: Step;
  verification: Step;
  invitations: Invited[];
}

export interface NewCustomer {
  id: string;
  slug: string;
  email: string;
  inviteUrl: string | null;
}

/** Somebody whose token never ends, wherever a test moves the clock to. */
export function lasting(app: Registry, claims: Record<string, unknown>): Caller {
  return { token: null, run: (...asked) => callerWith(app, app.issuer.token(claims)).run(...asked) };
}

export function lastingOperator(app: Registry): Caller {
  return lasting(app, { realm_access: { roles: ["platform-operator"] } });
}

/** Register a customer through the graph; nothing is done at Keycloak before jobs are run. */
export async function newCustomer(operator: Caller, fields: Record<string, unknown> = {}): Promise<NewCustomer> {
  const slug = unique("t");
  const email = `ada@${slug}.example`;
  const input = { slug, name: `Customer ${slug}`, status: "ACTIVE", adminEmail: email, adminName: "Ada Lovelace", ...fields };
  const { createTenant } = data(await operator.run(CREATE, { input }));
  return { ...createTenant.tenant, email, inviteUrl: createTenant.inviteUrl };
}

/** How far a tenant is, as the caller sees it; null when nothing was planned. */
export async function provisioningOf(caller: Caller, id: string): Promise<Provisioned | null> {
  const { tenant } = data(await caller.run(PROVISIONING, { id }));
  if (!tenant.provisioning) return null;
  const [organization, invitation, verification] = tenant.provisioning.steps;
  return { organization, invitation, verification, invitations: tenant.provisioning.invitations };
}

/** The organisation that the tenant is mapped to. */
export async function mappingOf({ sql }: Registry, id: string): Promise<string | null> {
  const [tenant] = await sql<{ organization: string | null }>("select keycloak_org_id as organization from tenants where id = $1", [id]);
  return tenant?.organization ?? null;
}

/** The states of the three steps, in their order. */
export async function statesOf(caller: Caller, id: string): Promise<string[]> {
  const found = await provisioningOf(caller, id);
  return found ? [found.organization.state, found.invitation.state, found.verification.state] : [];
}

let days = 0;

/** A time of one's own: what runs by the clock runs once for each time, whichever test asks. */
export function ownTime(app: Registry): Date {
  app.clock.now = new Date(Date.UTC(2031, 0, (days += 10), 10));
  return app.clock.now;
}

/** A time of one's own, at which nobody else's jobs wait: the next requests to Keycloak are this test's. */
export async function ownTurn(app: Registry): Promise<void> {
  ownTime(app);
  await app.jobs.drain();
}

/** Let time pass, and let the registry do what it does by itself every minute. */
export async function later(app: Registry, seconds: number): Promise<void> {
  app.clock.now = new Date((app.clock.now ?? new Date()).getTime() + seconds * 1_000);
  await app.jobs.tend();
  await app.jobs.drain();
}
