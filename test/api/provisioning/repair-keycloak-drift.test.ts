import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { actionsIn, eventsOf, expectOrigin } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { mappingOf, newCustomer, statesOf } from "../../testkit/provisioning.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type World } from "../../testkit/world.js";

const REPAIR = `mutation ($input: RepairKeycloakDriftInput!) { repairKeycloakDrift(input: $input) { tenant { id slug } } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const repair = (caller: Caller, tenantId: string, headers: Record<string, string> = {}) => caller.run(REPAIR, { input: { tenantId } }, headers);
const organizationOf = (id: string) => app.keycloak.organizationsOf(id)[0]!;
const remove = (id: string) => app.keycloak.state.organizations.splice(app.keycloak.state.organizations.indexOf(organizationOf(id)), 1);

async function customer() {
  const made = await newCustomer(world.operator);
  await app.jobs.drain();
  return made;
}

async function repaired(id: string): Promise<void> {
  data(await repair(world.operator, id));
  await app.jobs.drain();
}

describe("repairKeycloakDrift", () => {
  it("unauthenticated: nobody without a token repairs", async () => {
    fault(await repair(world.anonymous, (await world.tenant()).id), "UNAUTHENTICATED");
  });

  it("forbidden: only operators repair", async () => {
    const tenant = await world.tenant();
    for (const caller of [tenant.admin, tenant.auditor, tenant.member, world.support, world.service]) fault(await repair(caller, tenant.id), "FORBIDDEN");
    expect(await actionsIn(app, tenant.id)).toEqual([]);
  });

  it("someone else's: an operator who narrowed to one tenant repairs no other", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    const refused = await repair(world.operator, theirs.id, { "x-tenant-id": mine.id });
    fault(refused, "NOT_FOUND");
    expect(refused.body).toEqual((await repair(world.operator, randomUUID(), { "x-tenant-id": mine.id })).body);
    expect(await actionsIn(app, theirs.id)).toEqual([]);
  });

  it("demo and archived tenants are not repaired", async () => {
    fault(await repair(world.operator, (await world.tenant({ status: "demo", kind: "demo" })).id), "FAILED_PRECONDITION", "tenantId");
    fault(await repair(world.operator, (await world.tenant({ status: "archived" })).id), "TENANT_READ_ONLY");
  });

  it("what was changed by hand is ours again, and what is not ours stays", async () => {
    const { id, slug } = await customer();
    Object.assign(organizationOf(id), { name: "By hand", enabled: false, redirectUrl: "https://elsewhere.example", description: "Kept" });
    Object.assign(organizationOf(id).attributes, { tenant_status: ["demo"], kept: ["yes"] });
    await repaired(id);
    expect(organizationOf(id)).toMatchObject({
      name: `Customer ${slug}`,
      enabled: true,
      redirectUrl: "http://localhost:3000",
      description: "Kept",
      attributes: { tenant_id: [id], tenant_status: ["active"], kept: ["yes"] },
    });
  });

  it("an organisation that is gone is made again, and the tenant mapped to the new one", async () => {
    const { id } = await customer();
    const before = organizationOf(id).id;
    remove(id);
    await repaired(id);
    expect(app.keycloak.organizationsOf(id)).toHaveLength(1);
    expect(organizationOf(id).id).not.toBe(before);
    expect(await mappingOf(app, id)).toBe(organizationOf(id).id);
  });

  it("a mapping to nothing becomes one to the organisation that says it is the tenant's", async () => {
    const { id } = await customer();
    await app.sql("update tenants set keycloak_org_id = $2 where id = $1", [id, unique("gone")]);
    await repaired(id);
    expect(await mappingOf(app, id)).toBe(organizationOf(id).id);
  });

  it("an organisation that is somebody else's is neither changed nor deleted: the step says so", async () => {
    const [{ id }, theirs] = [await customer(), { id: unique("org"), name: unique("Theirs"), alias: unique("theirs"), enabled: true, attributes: {} }];
    app.keycloak.state.organizations.push(structuredClone(theirs));
    await app.sql("update tenants set keycloak_org_id = $2 where id = $1", [id, theirs.id]);
    await repaired(id);
    expect(app.keycloak.state.organizations.find((each) => each.id === theirs.id)).toEqual(theirs);
    expect((await statesOf(world.operator, id))[0]).toBe("FAILED");
  });

  it("a frozen tenant's organisation is corrected, and not made again", async () => {
    const [one, other] = [await customer(), await customer()];
    for (const { id } of [one, other]) await app.sql("update tenants set status = 'frozen', frozen_at = now() where id = $1", [id]);
    organizationOf(one.id).name = "By hand";
    remove(other.id);
    for (const { id } of [one, other]) await repaired(id);
    expect(organizationOf(one.id)).toMatchObject({ name: `Customer ${one.slug}`, attributes: { tenant_status: ["frozen"] } });
    expect(app.keycloak.organizationsOf(other.id)).toEqual([]);
  });

  it("nobody is invited again by it", async () => {
    const { id, email } = await customer();
    await repaired(id);
    expect(app.keycloak.mailsTo(email)).toHaveLength(1);
    expect(await statesOf(world.operator, id)).toEqual(["DONE", "DONE", "PENDING"]);
  });

  it("ok and audited: the event shows the operator", async () => {
    const [tenant, subject, requestId] = [await world.tenant(), unique("op"), unique("request")];
    const operator = await world.caller({ sub: subject, name: "Olga", realm_access: { roles: ["platform-operator"] } });
    const answer = await repair(operator, tenant.id, { "x-request-id": requestId, "user-agent": "portal/1" });
    expect(data(answer)["repairKeycloakDrift"].tenant).toEqual({ id: tenant.id, slug: tenant.slug });
    expect(await eventsOf(app, tenant.id)).toEqual([
      { action: "keycloak.repair", actorType: "user", targetType: "provisioning", targetId: tenant.id, targetName: tenant.slug, projectId: null, product: null, metadata: { actor_role: "operator" } },
    ]);
    await expectOrigin(app, requestId, { subject, name: "Olga" });
  });
});
