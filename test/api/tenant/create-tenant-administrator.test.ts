import { beforeAll, describe, expect, it } from "vitest";
import { eventsOf } from "../../testkit/events.js";
import { anotherInstance } from "../../testkit/instance.js";
import { data, fault } from "../../testkit/outcome.js";
import { newCustomer, provisioningOf } from "../../testkit/provisioning.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { callerWith, openWorld, unique, type World } from "../../testkit/world.js";

const CREATE = `mutation ($input: CreateTenantInput!) { createTenant(input: $input) { tenant { id slug } inviteUrl } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const create = (input: Record<string, unknown>) => world.operator.run(CREATE, { input: { slug: unique("t"), name: "A tenant", ...input } });
const person = { adminEmail: "ada@example.com", adminName: "Ada Lovelace" };

describe("createTenant with its first administrator", () => {
  it.each([
    ["ada", "no host"],
    ["ada@localhost", "no domain"],
    ["ada@@example.com", "two at signs"],
    ['"ada@evil.example"@example.com', "a quoted local part, which can carry a domain of its own"],
    ["ada@example.com, eve@example.com", "two addresses"],
    ["Ada <ada@example.com>", "a name beside it"],
    ["ada@-example.com", "no host name"],
    ["ada@example.com\u0000", "a null character"],
    ["ada\n@example.com", "a line break"],
    [`${"a".repeat(65)}@example.com`, "too long a local part"],
    [`ada@${"a".repeat(250)}.example`, "too long"],
    ["", "nothing"],
  ])("%j is nobody's address: %s", async (adminEmail) => {
    const slug = unique("t");
    fault(await create({ slug, ...person, adminEmail }), "BAD_USER_INPUT", "adminEmail");
    expect(await app.sql("select 1 from tenants where slug = $1", [slug])).toEqual([]);
  });

  it.each([[""], ["  "], ["a\u0000b"], ["a\u202eb"], ["x".repeat(201)]])("%j is nobody's name", async (adminName) => {
    fault(await create({ ...person, adminName }), "BAD_USER_INPUT", "adminName");
  });

  it.each([
    [{ adminEmail: person.adminEmail }, "adminName"],
    [{ adminName: person.adminName }, "adminEmail"],
    [{ adminEmail: person.adminEmail, adminName: null }, "adminName"],
    [{ ...person, kind: "DEMO" }, "adminEmail"],
  ])("%o is refused at %s", async (input, field) => {
    const slug = unique("t");
    fault(await create({ slug, ...input }), "BAD_USER_INPUT", field);
    expect(await app.sql("select 1 from tenants where slug = $1", [slug])).toEqual([]);
  });

  it("a tenant that is refused leaves no steps, no invitation and no job behind", async () => {
    const { slug, id } = await world.tenant();
    fault(await create({ slug, ...person, adminEmail: `ada@${slug}.example` }), "CONFLICT", "slug");
    expect(await app.sql("select 1 from tenant_invitations where email = $1", [`ada@${slug}.example`])).toEqual([]);
    expect(await app.sql("select 1 from tenant_provisioning_steps where tenant_id = $1", [id])).toEqual([]);
  });

  it("under an idempotency key there is one invitation, and each repetition gets the same answer", async () => {
    const input = { slug: unique("t"), ...person, adminEmail: `ada@${unique("t")}.example`, idempotencyKey: unique("key") };
    const first = await create(input);
    for (let i = 0; i < 2; i++) expect((await create(input)).body).toEqual(first.body);
    expect(await app.sql("select email from tenant_invitations where email = $1", [input.adminEmail])).toHaveLength(1);
    fault(await create({ ...input, adminName: "Eve" }), "CONFLICT", "idempotencyKey");
  });

  it("ok: the address is kept in lower case, the portal's address is answered, and neither address nor name is in the log", async () => {
    const slug = unique("t");
    const { createTenant } = data(await create({ slug, ...person, adminEmail: `Ada.L+x@${slug}.Example` }));
    expect(createTenant).toEqual({ tenant: { id: expect.any(String), slug }, inviteUrl: "http://localhost:3000" });
    const { id } = createTenant.tenant;
    expect(await provisioningOf(world.operator, id)).toMatchObject({ invitations: [{ email: `ada.l+x@${slug}.example`, name: "Ada Lovelace", state: "PENDING", sentAt: null }] });
    await app.jobs.drain();
    const events = JSON.stringify(await eventsOf(app, id));
    for (const text of ["ada.l", "Ada.L", "Lovelace"]) expect(events).not.toContain(text);
    expect(app.logged.filter((line) => line.toLowerCase().includes(`@${slug}.example`))).toEqual([]);
  });

  it("without one there is an organisation, and nobody is invited", async () => {
    const { createTenant } = data(await create({ adminEmail: null, adminName: null }));
    expect(createTenant.inviteUrl).toBeNull();
    expect(await provisioningOf(world.operator, createTenant.tenant.id)).toMatchObject({ organization: { state: "PENDING" }, invitation: { state: "SKIPPED" }, verification: { state: "SKIPPED" }, invitations: [] });
  });

  it("outside development no address is answered, and accepted invitations lead to the portal that is configured", async () => {
    const stage = await anotherInstance(app, { environment: "stage", portalUrl: "https://portal.example.com" });
    const url = await stage.app.listen({ host: "127.0.0.1", port: 0 });
    try {
      const operator = callerWith({ ...app, url }, world.operator.token);
      const { id, inviteUrl } = await newCustomer(operator);
      expect(inviteUrl).toBeNull();
      await stage.jobs.drain();
      expect(app.keycloak.organizationsOf(id)).toMatchObject([{ redirectUrl: "https://portal.example.com" }]);
    } finally {
      await stage.app.close();
    }
  });
});
