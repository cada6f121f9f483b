/** Owns the guarantees about organisations: found by tenant, made once, changed to what is wanted. */
import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Organization } from "../../src/keycloak/keycloak.js";
import { failing, newTenant, some, type Ground } from "./ground.js";

export function organizationContract(ground: Ground): void {
  describe("an organisation", () => {
    it("is not found for a tenant that has none, nor by an id that nothing has", async () => {
      expect(await ground.keycloak.findOrganization(randomUUID())).toBeNull();
      expect(await ground.keycloak.organization(randomUUID())).toBeNull();
    });

    it("is created with the tenant's name, slug and attributes, and found by tenant and by id", async () => {
      const wanted = newTenant({ name: "Müller / Söhne \"Ltd\" <&> 東京" + randomUUID() });
      const created = await ground.keycloak.createOrganization(wanted);
      const { tenantId, name, alias } = wanted;
      expect(created).toStrictEqual({
        id: expect.any(String), name, alias, enabled: true, tenantId, redirectUrl: wanted.redirectUrl,
        attributes: { tenant_id: [tenantId], tenant_slug: [alias], tenant_status: ["trial"] },
      });
      expect(await ground.keycloak.findOrganization(tenantId)).toStrictEqual(created);
      expect(await ground.keycloak.organization(created.id)).toStrictEqual(created);
    });

    it("is created once, however often it is asked for, one after the other or at once", async () => {
      const wanted = newTenant();
      const answers = await some(() => ground.opened().createOrganization(wanted));
      answers.push(await ground.keycloak.createOrganization(wanted), await ground.keycloak.createOrganization({ ...wanted, name: "Another name" }));
      expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
      expect((await ground.keycloak.findOrganization(wanted.tenantId))?.name).toBe(wanted.name);
    });

    it("is adopted when it carries the tenant's id, whatever it is called", async () => {
      const wanted = newTenant();
      const made = await ground.foreign({ name: `Made by hand ${wanted.tenantId}`, alias: `hand-${wanted.alias}`, attributes: { tenant_id: [wanted.tenantId] } });
      expect(await ground.keycloak.createOrganization(wanted)).toStrictEqual(made);
    });

    it.each([
      ["no tenant's id", {}],
      ["another tenant's id", { tenant_id: [randomUUID()] }],
      ["two tenants' ids", null],
    ])("is not adopted by its alias when it has %s: a conflict, and nothing is changed", async (_title, attributes) => {
      const wanted = newTenant();
      const both = { tenant_id: [wanted.tenantId, randomUUID()] };
      const made = await ground.foreign({ name: wanted.name, alias: wanted.alias, attributes: attributes ?? both });
      await expect(ground.keycloak.createOrganization(wanted)).rejects.toThrow(failing("conflict"));
      expect(await ground.keycloak.organization(made.id)).toStrictEqual(made);
      expect(await ground.keycloak.findOrganization(wanted.tenantId)).toBeNull();
    });

    it("gets a second name when another organisation has its first, and keeps it", async () => {
      const wanted = newTenant();
      await ground.foreign({ name: wanted.name, alias: `other-${wanted.alias}` });
      const created = await ground.keycloak.createOrganization(wanted);
      expect(created.name).toBe(`${wanted.name} (${wanted.alias})`);
      expect(await ground.keycloak.updateOrganization(created.id, wanted)).toStrictEqual(created);
    });

    it("gets a name that is cut to what the server can keep", async () => {
      const { name } = await ground.keycloak.createOrganization(newTenant({ name: randomUUID() + "n".repeat(300) }));
      expect(name).toHaveLength(255);
    });

    it("is nobody's when two claim the same tenant", async () => {
      const { tenantId, alias } = newTenant();
      for (const suffix of ["a", "b"]) await ground.foreign({ name: `${alias} ${suffix}`, alias: `${alias}-${suffix}`, attributes: { tenant_id: [tenantId] } });
      await expect(ground.keycloak.findOrganization(tenantId)).rejects.toThrow(failing("conflict"));
    });

    it("is changed to what is wanted, and keeps what is not ours", async () => {
      const wanted = newTenant();
      const domains = [{ name: `${wanted.alias}.example`, verified: true }];
      const { id } = await ground.foreign({ name: "x" + wanted.name, alias: wanted.alias, description: "By hand", domains, attributes: { tenant_id: [wanted.tenantId], theirs: ["1", "2"] } });
      const after = await ground.keycloak.updateOrganization(id, { ...wanted, enabled: false, attributes: { tenant_status: "archived" } });
      expect(after).toStrictEqual(await ground.keycloak.organization(id));
      expect(after).toStrictEqual({
        id, name: wanted.name, alias: wanted.alias, enabled: false, tenantId: wanted.tenantId, redirectUrl: wanted.redirectUrl,
        attributes: { tenant_id: [wanted.tenantId], theirs: ["1", "2"], tenant_status: ["archived"] },
      });
      // The domain is still this one's: nobody else can have it.
      await expect(ground.foreign({ name: "y" + wanted.name, alias: `y-${wanted.alias}`, domains })).rejects.toThrow("already linked");
    });

    it("is not written when it already is what is wanted", async () => {
      const wanted = newTenant();
      const { id } = await ground.keycloak.createOrganization(wanted);
      expect(await ground.requestsOf((counted) => counted.updateOrganization(id, wanted))).toEqual([`GET organizations/${id}`]);
    });

    it("keeps its alias when the tenant's slug is told differently", async () => {
      const wanted = newTenant();
      const { id, alias } = await ground.keycloak.createOrganization(wanted);
      expect(await ground.keycloak.updateOrganization(id, { ...wanted, alias: "another", name: wanted.name + "!" })).toMatchObject({ alias, name: wanted.name + "!" });
    });

    it("is renamed to its second name when the first is taken", async () => {
      const wanted = newTenant();
      const { id } = await ground.keycloak.createOrganization(wanted);
      const taken = (await ground.foreign({ name: `Taken ${wanted.alias}`, alias: `taken-${wanted.alias}` })).name;
      expect(await ground.keycloak.updateOrganization(id, { ...wanted, name: taken })).toMatchObject({ name: `${taken} (${wanted.alias})` });
    });

    it("is not changed for another tenant, nor when it is none's, nor when it is gone", async () => {
      const wanted = newTenant();
      const theirs = await ground.keycloak.createOrganization(newTenant());
      const nobodys = await ground.foreign({ name: wanted.name, alias: wanted.alias });
      for (const { id } of [theirs, nobodys]) await expect(ground.keycloak.updateOrganization(id, wanted)).rejects.toThrow(failing("conflict"));
      expect(await ground.keycloak.organization(theirs.id)).toStrictEqual(theirs);
      expect(await ground.keycloak.organization(nobodys.id)).toStrictEqual(nobodys);
      await expect(ground.keycloak.updateOrganization(randomUUID(), wanted)).rejects.toThrow(failing("not-found"));
    });

    it("is listed page by page, with its attributes, also beyond the server's ten", async () => {
      const tenantIds = new Set<string | null>();
      for (let number = 0; number < 12; number += 1) tenantIds.add((await ground.keycloak.createOrganization(newTenant())).tenantId);
      const listed: Organization[] = [];
      for (let page = await ground.keycloak.organizations(0, 5); page.length > 0; page = await ground.keycloak.organizations(listed.length, 5)) listed.push(...page);
      expect(listed.filter(({ tenantId }) => tenantIds.has(tenantId))).toHaveLength(12);
      expect(new Set(listed.map(({ id }) => id)).size).toBe(listed.length);
    });
  });
}
