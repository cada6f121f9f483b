import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { foreignKey } from "../testkit/foreign-key.js";
import { textFor } from "../testkit/leaked-keys.js";
import { data, fault } from "../testkit/outcome.js";
import { openRegistry, type Registry } from "../testkit/registry.js";
import { openWorld, unique, type TenantInWorld, type World } from "../testkit/world.js";

/** Every mutation, with an input that would succeed in the tenant given. */
const CHANGES: Record<string, (tenant: TenantInWorld) => Promise<object>> = {
  activateTenant: async () => ({ id: (await world.tenant({ status: "trial" })).id }),
  archiveTenant: async () => ({ id: (await world.tenant({ status: "frozen" })).id }),
  cancelTenant: async ({ id }) => ({ id, reason: "NON_PAYMENT" }),
  extendTrial: async () => ({ id: (await world.tenant({ status: "trial" })).id, days: 1 }),
  reactivateTenant: async () => ({ id: (await world.tenant({ status: "frozen" })).id }),
  retryProvisioning: async ({ id }) => ({ tenantId: id }),
  repairKeycloakDrift: async ({ id }) => ({ tenantId: id }),
  resendInvitation: async ({ id, invitation }) => ({ tenantId: id, invitationId: (await invitation()).id }),
  revokeInvitation: async ({ id, invitation }) => ({ tenantId: id, invitationId: (await invitation()).id }),
  exportTenant: async ({ id }) => ({ tenantId: id }),
  retryJob: async ({ job }) => ({ id: (await job({ state: "failed" })).id }),
  applyBundle: async ({ slug }) => ({ tenant: slug, content: { name: "x" } }),
  createTenant: async () => ({ slug: unique("t"), name: "x" }),
  updateTenant: async ({ id }) => ({ id, name: "x" }),
  createProject: async ({ id }) => ({ tenantId: id, slug: "p1", name: "x" }),
  updateProject: async ({ project }) => ({ id: (await project()).id, name: "x" }),
  archiveProject: async ({ project }) => ({ id: (await project()).id }),
  restoreProject: async ({ project }) => ({ id: (await project({ status: "archived" })).id }),
  createEnvironment: async ({ id }) => ({ tenantId: id, slug: "prod", name: "x" }),
  updateEnvironment: async ({ environment }) => ({ id: (await environment()).id, archived: true }),
  placeEnvironment: async ({ environment }) => ({ id: (await environment()).id, cluster: "shared-2" }),
  createTeam: async ({ id }) => ({ tenantId: id, slug: "support", name: "x" }),
  updateTeam: async ({ team }) => ({ id: (await team()).id, settings: { language: "de" } }),
  createChannel: async ({ team }) => ({ teamId: (await team()).id, slug: "slack", provider: "messaging-slack" }),
  updateChannel: async ({ channel }) => ({ id: (await channel()).id, archived: true }),
  grantEntitlement: async ({ id }) => ({ tenantId: id, product: "crm" }),
  updateEntitlement: async ({ id, entitlement }) => ({ tenantId: id, product: (await entitlement()).product, config: { seats: 1 } }),
  startTrial: async ({ id }) => ({ tenantId: id, product: "crm" }),
  requestProduct: async ({ id }) => ({ tenantId: id, product: "crm" }),
  decideProductRequest: async ({ productRequest }) => ({ id: (await productRequest()).id, outcome: "WON" }),
  createApiKey: async ({ id, entitlement }) => ({ tenantId: id, name: "ci", product: (await entitlement()).product, environment: "DEV", scopes: ["read"] }),
  rotateApiKey: async ({ apiKey, entitlement }) => {
    await entitlement();
    return { id: (await apiKey()).id, overlapSeconds: 60 };
  },
  revokeApiKey: async ({ apiKey }) => ({ id: (await apiKey()).id }),
  importApiKeys: async ({ id }) => ({ tenantId: id, keys: [foreignKey()] }),
  reportLeakedApiKey: async ({ apiKey }) => ({ key: await textFor(app, (await apiKey()).id) }),
  updateApiKeyPolicy: async ({ id }) => ({ tenantId: id, maxLifetimeDays: 30 }),
  publishFlow: async ({ id }) => ({ tenantId: id, name: "support", body: { nodes: [{ id: "start", type: "message" }] } }),
  runFlow: async ({ environment, flow }) => ({ environmentId: (await environment()).id, flow: (await flow()).name, number: 1 }),
  withdrawEntitlement: async ({ id, entitlement }) => ({ tenantId: id, product: (await entitlement()).product }),
};

const TABLES = ["tenants", "tenant_projects", "tenant_products", "product_requests", "tenant_idp_config", "api_keys", "api_key_policies", "tenant_provisioning_steps", "tenant_invitations", "tenant_exports", "tenant_environments", "environment_placements", "tenant_teams", "team_channels", "tenant_flows", "flow_versions", "environment_flows", "pgboss.job", "audit_log"];

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await openRegistry();
  world = await openWorld(app);
  await app.sql(`create function refuse() returns trigger language plpgsql as $$ begin raise exception 'the log is full'; end $$`);
});
afterAll(() => app.close());

const rows = async () => Object.fromEntries(await Promise.all(TABLES.map(async (table) => [table, await app.sql(`select * from ${table} order by 1, 2`)])));
const change = (operation: string, input: object) => {
  const name = operation[0]?.toUpperCase() + operation.slice(1);
  const type = /^(archive|restore)Project$/.test(operation) ? "ProjectStatusInput" : `${name}Input`;
  return world.operator.run(`mutation ($input: ${type}!) { ${operation}(input: $input) { __typename } }`, { input });
};

describe("a change that cannot be recorded", () => {
  it("is asked of every mutation that there is", async () => {
    const { __schema } = data(await world.operator.run(`{ __schema { mutationType { fields { name } } } }`));
    expect(Object.keys(CHANGES).sort()).toEqual(__schema.mutationType.fields.map(({ name }: { name: string }) => name).sort());
  });

  describe.each([
    ["when its event is refused at once", ""],
    ["when its event is refused at the very end, in the commit", "deferrable initially deferred"],
  ])("%s", (_, timing) => {
    beforeAll(() => app.sql(`create constraint trigger refusal after insert on audit_log ${timing} for each row execute function refuse()`));
    afterAll(() => app.sql("drop trigger refusal on audit_log"));

    it.each(Object.entries(CHANGES))("%s changes nothing", async (operation, inputFor) => {
      const input = await inputFor(await world.tenant());
      const before = await rows();
      fault(await change(operation, input), "INTERNAL_SERVER_ERROR");
      expect(await rows()).toEqual(before);
    });
  });

  it.each(Object.entries(CHANGES))("%s is done as soon as it can be, with exactly one event", async (operation, inputFor) => {
    const input = await inputFor(await world.tenant());
    const { audit_log: before } = await rows();
    expect(data(await change(operation, input))).toHaveProperty(operation);
    const { audit_log: after } = await rows();
    expect(after).toHaveLength((before as unknown[]).length + 1);
  });
});
