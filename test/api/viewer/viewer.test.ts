import { beforeAll, describe, expect, it } from "vitest";
import { ACTIONS_OF_ROLE, type Role } from "../../../src/kernel/action.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry } from "../../testkit/registry.js";
import { openWorld, unique, type TenantInWorld, type World } from "../../testkit/world.js";

const VIEWER = `{ viewer { kind subject name product roles actions } }`;

let world: World;
let tenant: TenantInWorld;
beforeAll(async () => {
  world = await openWorld(await registry());
  tenant = await world.tenant();
});

const actionsOf = (...roles: Role[]) => [...new Set(roles.flatMap((role) => [...ACTIONS_OF_ROLE[role]]))].sort();

describe("viewer", () => {
  it("unauthenticated: nobody without a token is anybody", async () => {
    fault(await world.anonymous.run(VIEWER), "UNAUTHENTICATED");
  });

  it.each<[string, () => Record<string, unknown>, object, Role[]]>([
    ["a member", () => ({ tenant_id: tenant.id }), { kind: "USER", product: null }, ["member"]],
    ["an auditor", () => ({ tenant_id: tenant.id, realm_access: { roles: ["AUDITOR"] } }), { kind: "USER", product: null }, ["member", "auditor"]],
    ["an admin", () => ({ organization: [tenant.slug], realm_access: { roles: ["IT_ADMIN", "offline_access"] } }), { kind: "USER", product: null }, ["member", "admin"]],
    ["a service", () => ({ product: "crm" }), { kind: "SERVICE", product: "crm" }, ["service"]],
    ["support", () => ({ realm_access: { roles: ["platform-support"] } }), { kind: "PLATFORM", product: null }, ["support"]],
    ["an operator", () => ({ realm_access: { roles: ["platform-operator"] } }), { kind: "PLATFORM", product: null }, ["operator"]],
  ])("ok: %s sees its kind, its roles and exactly what it may do", async (_, claims, expected, roles) => {
    const subject = unique("sub");
    const caller = await world.caller({ sub: subject, name: "Ada Lovelace", ...claims() });
    expect(data(await caller.run(VIEWER))["viewer"]).toEqual({ subject, name: "Ada Lovelace", roles, actions: actionsOf(...roles), ...expected });
  });

  it("ok: without a name in the token there is none", async () => {
    expect(data(await tenant.member.run(VIEWER))["viewer"].name).toBeNull();
  });

  it("forbidden: a person without a tenant has no roles, and may not even be told so", async () => {
    fault(await (await world.caller({ realm_access: { roles: ["IT_ADMIN"] } })).run(VIEWER), "FORBIDDEN");
  });

  it("forbidden: a service sees itself, and no tenant", async () => {
    const answer = await world.service.run(`{ viewer { product tenant { id } } }`);
    fault(answer, "FORBIDDEN");
    expect(answer.body.data).toEqual({ viewer: { product: "crm", tenant: null } });
  });

  it.each(["active", "frozen"])("the tenant that a person acts in is shown, %s or not", async (status) => {
    const own = await world.tenant({ status });
    expect(data(await own.member.run(`{ viewer { tenant { id slug } } }`))).toEqual({ viewer: { tenant: { id: own.id, slug: own.slug } } });
  });

  it("staff act in no tenant until they name one, and keep their roles when they do", async () => {
    const document = `{ viewer { roles tenant { id } } }`;
    expect(data(await world.support.run(document))).toEqual({ viewer: { roles: ["support"], tenant: null } });
    expect(data(await world.support.run(document, {}, { "x-tenant-id": tenant.slug }))).toEqual({ viewer: { roles: ["support"], tenant: { id: tenant.id } } });
  });
});
