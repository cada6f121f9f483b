import { randomUUID } from "node:crypto";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { expectOrigin } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";

const CREATE = "mutation ($input: CreateAuditViewerTokenInput!) { createAuditViewerToken(input: $input) { token expiresAt } }";

let app: Registry;
let world: World;
let tenant: TenantInWorld;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
  tenant = await world.tenant();
});
afterEach(() => {
  app.clock.now = null;
});

const create = (caller: Caller, input: object = {}, headers: Record<string, string> = {}) => caller.run(CREATE, { input }, headers);
const made = async (...args: Parameters<typeof create>) => data(await create(...args))["createAuditViewerToken"] as { token: string; expiresAt: string };
const eventsIn = ({ id }: TenantInWorld) => app.sql("select action, actor_id, target_type, target_id, product, metadata from audit_log where tenant_id = $1 order by id", [id]);
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Record<string, unknown>;

describe("createAuditViewerToken", () => {
  it("ok: for five minutes, for whoever asked, in its own tenant", async () => {
    app.clock.now = new Date();
    const { token, expiresAt } = await made(tenant.auditor);
    const seconds = Math.floor(app.clock.now.getTime() / 1000);
    expect(expiresAt).toBe(new Date((seconds + 300) * 1000).toISOString());
    expect(claimsOf(token)).toEqual({
      iss: app.config.publicUrl, aud: "audit-viewer", sub: expect.any(String), jti: expect.any(String), tenant: tenant.id, iat: seconds, exp: seconds + 300,
    });
  });

  it("ok: an operator makes one in the tenant that it names", async () => {
    const { token } = await made(world.operator, { tenantId: tenant.id, forActor: "dana", actorId: "ada", targetId: "doc" });
    expect(claimsOf(token)).toMatchObject({ tenant: tenant.id, sub: "dana", narrow: { actorId: "ada", targetId: "doc" } });
  });

  it.each([
    ["forActor", ""],
    ["forActor", "a\nb"],
    ["forActor", "x".repeat(201)],
    ["actorId", ""],
    ["actorId", "x".repeat(256)],
    ["targetId", ""],
    ["targetId", "\0"],
  ])("invalid: %s %j", async (field, value) => {
    fault(await create(tenant.auditor, { [field]: value }), "BAD_USER_INPUT", field);
  });

  it("unauthenticated and forbidden: whoever may not read the log, services, support, and who comes with such a token itself", async () => {
    fault(await create(world.anonymous, { tenantId: tenant.id }), "UNAUTHENTICATED");
    for (const caller of [tenant.member, world.service, world.support]) fault(await create(caller, { tenantId: tenant.id }), "FORBIDDEN");
    const { token } = await made(tenant.auditor);
    fault(await create(world.anonymous, {}, { authorization: `Bearer ${token}` }), "FORBIDDEN");
  });

  it("someone else's: another tenant is as little there as none", async () => {
    const other = await world.tenant();
    for (const tenantId of [other.id, randomUUID(), "x"]) expect(fault(await create(tenant.admin, { tenantId }), "NOT_FOUND").message).toBe("Tenant not found");
    fault(await create(world.operator, { tenantId: randomUUID() }), "NOT_FOUND");
    expect(await eventsIn(other)).toEqual([]);
  });

  it.each(["frozen", "archived", "demo", "trial"])("is made in a tenant that is %s: its log can be read", async (status) => {
    const home = await world.tenant({ status });
    expect(await made(home.auditor)).toMatchObject({ token: expect.any(String) });
  });

  it("audited: for whom, and what it was narrowed to without saying who that is; the token itself is nowhere", async () => {
    const home = await world.tenant();
    const answer = await create(home.admin, { forActor: "dana", actorId: "ada-the-person" }, { "user-agent": "portal/1" });
    const { token, expiresAt } = data(answer)["createAuditViewerToken"];
    expect(await eventsIn(home)).toEqual([{
      action: "audit.create_viewer_token", actor_id: expect.any(String), target_type: "user", target_id: "dana", product: null,
      metadata: { token: claimsOf(token)["jti"], narrowedTo: ["actorId"], expiresAt },
    }]);
    await expectOrigin(app, answer.headers.get("x-request-id") ?? "", { subject: expect.any(String) as string, name: null });
    expect(app.logged.filter((line) => line.includes(token))).toEqual([]);
  });

  it("asked twice makes two, each recorded", async () => {
    const home = await world.tenant();
    const [first, second] = [await made(home.auditor), await made(home.auditor)];
    expect(first.token).not.toBe(second.token);
    expect(await eventsIn(home)).toHaveLength(2);
  });
});
