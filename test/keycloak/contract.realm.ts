/** Owns the guarantees about members, and about a realm that is fit or unfit for the registry. */
import { randomUUID } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { failing, newPerson, newTenant, type Ground } from "./ground.js";
import { USUAL } from "./subject.js";

export function realmContract(ground: Ground): void {
  describe("a member", () => {
    it("is found by exactly its address, however many there are, and whatever others are called", async () => {
      const { id } = await ground.keycloak.createOrganization(newTenant());
      const wanted = newPerson();
      await ground.subject.memberOf(id, { email: newPerson().email, username: wanted.email });
      expect(await ground.keycloak.member(id, wanted.email)).toBeNull();
      const [domain] = [`${randomUUID().slice(0, 8)}.example`];
      for (let number = 0; number < 12; number += 1) await ground.subject.memberOf(id, { email: `person-${number}@${domain}` });
      expect(await ground.keycloak.member(id, `PERSON-11@${domain}`)).toMatchObject({ email: `person-11@${domain}` });
      expect(await ground.keycloak.member(id, `person@${domain}`)).toBeNull();
    });
  });

  describe("readiness", () => {
    afterEach(() => ground.subject.set(USUAL));

    it("is there, with the roles that the development realm gives, and with those that may more", async () => {
      await ground.keycloak.ready();
      await ground.subject.set({ roles: ["manage-organizations", "manage-users"] });
      await ground.opened().ready();
    });

    it("is not there with a wrong secret, an unknown client or an unknown realm", async () => {
      await expect(ground.opened({ clientSecret: "wrong" }).ready()).rejects.toThrow(failing("unauthorized"));
      await expect(ground.opened({ clientId: "nobody" }).ready()).rejects.toThrow(failing("unauthorized"));
      await expect(ground.opened({ realm: "nowhere" }).ready()).rejects.toThrow(failing("not-found"));
    });

    it.each([[[]], [["manage-users"]], [["view-users"]], [["manage-organizations"]], [["manage-identity-providers", "manage-users"]]])("is not there with the roles %j only", async (roles) => {
      await ground.subject.set({ roles });
      await expect(ground.opened().ready()).rejects.toThrow(failing("forbidden"));
    });

    it("is not there for an account that may not put people into groups, once there are people", async () => {
      await ground.subject.person({ email: newPerson().email });
      await ground.subject.set({ mayPutIntoGroups: false });
      await expect(ground.keycloak.ready()).rejects.toThrow(failing("forbidden"));
    });

    it("is not there while organisations are not enabled, and every call says so", async () => {
      const { id } = await ground.keycloak.createOrganization(newTenant());
      await ground.subject.set({ organizationsEnabled: false });
      const { email } = newPerson();
      const calls = [
        ground.keycloak.ready(), ground.keycloak.findOrganization(randomUUID()), ground.keycloak.organization(id), ground.keycloak.organizations(0, 1), ground.keycloak.createOrganization(newTenant()),
        ground.keycloak.updateOrganization(id, newTenant()), ground.keycloak.invite(id, newPerson()), ground.keycloak.invitation(id, email), ground.keycloak.member(id, email),
        ground.keycloak.grantRole(id, randomUUID(), "IT_ADMIN"),
      ];
      for (const call of await Promise.allSettled(calls)) expect(call).toEqual({ status: "rejected", reason: failing("organizations-disabled") });
    });
  });
}
