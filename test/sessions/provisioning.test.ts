/** Owns the proof that a customer's way to Keycloak survives the death of the process that leads it, wherever it dies, and two that resume at once. */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { noCluster, startCluster } from "../testkit/cluster.js";
import { ask, deploy, LISTENING, type Deployment, type Instance } from "../testkit/deployed.js";
import { shortly, startKeycloakServer, type KeycloakServer } from "../testkit/keycloak-server.js";
import { stopPrograms } from "../testkit/program.js";

const cluster = await startCluster();
let keycloak: KeycloakServer;
let deployment: Deployment;

beforeAll(async () => {
  if (cluster === null) return;
  keycloak = await startKeycloakServer();
  deployment = await deploy(cluster);
});
afterEach(stopPrograms);
afterAll(async () => {
  await deployment?.close();
  await keycloak?.close();
  await cluster?.remove();
});

const CREATE = "mutation ($input: CreateTenantInput!) { createTenant(input: $input) { tenant { id } } }";
/** How long to wait for something that happens by itself within a second or two on a machine that has nothing else to do. */
const PATIENCE = { timeout: 40_000, interval: 100 };

/** Requests at which a process dies, as the server sees them; its login aside. */
const REQUESTS: [name: string, pattern: RegExp][] = [
  ["looking for the organisation", /^GET \/organizations\?/],
  ["making the organisation", /^POST \/organizations$/],
  ["reading the organisation", /^GET \/organizations\/[^/]+$/],
  ["looking for the invitation", /^GET \/organizations\/[^/]+\/invitations\?/],
  ["inviting", /^POST \/organizations\/[^/]+\/members\/invite-user$/],
];

async function instance(): Promise<Instance> {
  const { url, clientId, clientSecret } = keycloak.fake.account;
  const started = await deployment.instance({ KEYCLOAK_ADMIN_URL: url, KEYCLOAK_CLIENT_ID: clientId, KEYCLOAK_CLIENT_SECRET: clientSecret });
  await started.says(LISTENING);
  return started;
}

async function newCustomer({ url }: Instance, slug: string): Promise<string> {
  const token = deployment.issuer.token({ realm_access: { roles: ["platform-operator"] } });
  const input = { slug, name: slug, status: "ACTIVE", adminEmail: `ada@${slug}.example`, adminName: "Ada Lovelace" };
  const { body } = await ask(url, token, CREATE, { input });
  expect(body.errors).toBeUndefined();
  return body.data.createTenant.tenant.id;
}

/** What would be true by itself some minutes later: the dead process is given up. */
async function giveUpTheDead(): Promise<void> {
  await deployment.sql("UPDATE tenant_provisioning_steps SET next_attempt_at = now() WHERE next_attempt_at > now() AND step <> 'verification'");
  await deployment.sql("UPDATE pgboss.job SET state = 'retry', start_after = now() WHERE state = 'active'");
}

describe.skipIf(cluster === null)(cluster === null ? noCluster() : "a process that is killed", () => {
  it.each(
    REQUESTS.flatMap(([name, pattern], n) => [
      [`${name}, before Keycloak has done it`, pattern, "hang", `before-${n}`] as const,
      [`${name}, after Keycloak has done it`, pattern, "stall", `after-${n}`] as const,
    ]),
  )("while %s: two that start at once finish its work, and nothing is there twice", async (_, pattern, behaviour, slug) => {
    keycloak.behave(behaviour, pattern);
    keycloak.requests.length = 0;
    const victim = await instance();
    const id = await newCustomer(victim, slug);
    await vi.waitFor(() => expect(keycloak.requests.some((request) => pattern.test(request))).toBe(true), PATIENCE);
    victim.signal("SIGKILL");
    await victim.ended;

    keycloak.behave("answer");
    await giveUpTheDead();
    await Promise.all([instance(), instance()]);
    const statesOf = () => deployment.sql("SELECT step, state FROM tenant_provisioning_steps WHERE tenant_id = $1 ORDER BY step", [id]);
    const settled = [{ step: "organization", state: "done" }, { step: "invitation", state: "done" }, { step: "verification", state: "pending" }];
    await vi.waitFor(async () => expect(await statesOf()).toEqual(settled), PATIENCE);

    const { state, mails } = keycloak.fake;
    const organizations = state.organizations.filter(({ alias }) => alias === slug);
    expect(organizations).toMatchObject([{ attributes: { tenant_id: [id], tenant_status: ["active"] } }]);
    expect(await deployment.sql("SELECT keycloak_org_id FROM tenants WHERE id = $1", [id])).toEqual([{ keycloak_org_id: organizations[0]?.id }]);
    expect(state.invitations.filter(({ organizationId }) => organizationId === organizations[0]?.id)).toHaveLength(1);
    expect(mails.filter(({ to }) => to === `ada@${slug}.example`)).toHaveLength(1);
    expect(await deployment.sql("SELECT action FROM audit_log WHERE tenant_id = $1 ORDER BY id", [id])).toEqual(["tenant.create", "keycloak.provision", "keycloak.provision"].map((action) => ({ action })));
  });
});

it("requests are told apart as the server writes them down", () => {
  const seen = ["/organizations?q=tenant_id%3Ax&first=0", "/organizations", "/organizations/o1", "/organizations/o1/invitations?email=x", "/organizations/o1/members/invite-user"];
  const methods = ["GET", "POST", "GET", "GET", "POST"];
  const requests = seen.map((path, n) => shortly(methods[n], `/admin/realms/breakpilot-dev${path}`));
  expect(REQUESTS.map(([, pattern]) => requests.filter((request) => pattern.test(request)))).toEqual(requests.map((request) => [request]));
});
