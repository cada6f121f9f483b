/** Owns the guarantees about roles: given to a member, in one organisation, however often and by however many it is asked for. */
import { randomUUID } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { failing, newPerson, newTenant, some, type Ground } from "./ground.js";
import { USUAL } from "./subject.js";

const ADMIN = "IT_ADMIN";

export function roleContract(ground: Ground): void {
  describe("a role", () => {
    afterEach(() => ground.subject.set(USUAL));
    const organization = async () => (await ground.keycloak.createOrganization(newTenant())).id;

    /** Somebody who is a member of these organisations. */
    async function memberOf(first: string, ...others: string[]): Promise<string> {
      const { id } = await ground.subject.memberOf(first, { email: newPerson().email });
      for (const other of others) await ground.subject.join(other, id);
      return id;
    }

    it("cannot be given in an organisation that there is not, nor to who is no member of it, and nobody gets it then", async () => {
      const id = await organization();
      const [stranger, member] = [await ground.subject.person({ email: newPerson().email }), await memberOf(await organization())];
      const calls = [ground.keycloak.grantRole(randomUUID(), member, ADMIN), ground.keycloak.grantRole(id, randomUUID(), ADMIN), ground.keycloak.grantRole(id, stranger.id, ADMIN), ground.keycloak.grantRole(id, member, ADMIN)];
      for (const call of await Promise.allSettled(calls)) expect(call).toEqual({ status: "rejected", reason: failing("not-found") });
      for (const person of [stranger.id, member]) expect(await ground.subject.rolesOf(id, person)).toEqual([]);
    });

    it.each(["", "a/b", "/", "r".repeat(256)])("that is called %j is not even asked for", async (role) => {
      const requests = ground.requestsOf((counted) => expect(counted.grantRole(randomUUID(), randomUUID(), role)).rejects.toThrow(failing("invalid")));
      expect(await requests).toEqual([]);
    });

    it("is not given by an account that may not put people into groups, whatever else it may", async () => {
      const [id] = [await organization()];
      const member = await memberOf(id);
      await ground.subject.set({ mayPutIntoGroups: false });
      await expect(ground.keycloak.grantRole(id, member, ADMIN)).rejects.toThrow(failing("forbidden"));
      expect(await ground.subject.rolesOf(id, member)).toEqual([]);
      await ground.subject.set({ roles: ["manage-organizations", "manage-users"] });
      await ground.opened().grantRole(id, member, ADMIN);
      expect(await ground.subject.rolesOf(id, member)).toEqual([ADMIN]);
    });

    it("is given to one member in one organisation: others have none there, and that one has none elsewhere", async () => {
      const [here, there] = [await organization(), await organization()];
      const [wanted, other] = [await memberOf(here, there), await memberOf(here, there)];
      await ground.keycloak.grantRole(here, wanted, ADMIN);
      const found = [];
      for (const [where, who] of [[here, wanted], [here, other], [there, wanted], [there, other]] as const) found.push(await ground.subject.rolesOf(where, who));
      expect(found).toEqual([[ADMIN], [], [], []]);
    });

    it("is given once, however often it is asked for, one after the other or at once, beside the others that the person has", async () => {
      const id = await organization();
      const member = await memberOf(id);
      await ground.keycloak.grantRole(id, member, "AUDITOR");
      await some(() => ground.opened().grantRole(id, member, ADMIN));
      await ground.keycloak.grantRole(id, member, ADMIN);
      expect(await ground.subject.rolesOf(id, member)).toEqual(["AUDITOR", ADMIN]);
    });

    it("is the organisation's own group of that name, and not one of the same name below another", async () => {
      const id = await organization();
      const member = await memberOf(id);
      const below: typeof fetch = async (input, init) => {
        const answer = await ground.subject.fetch(input, init);
        if (!String(input).includes("/groups?")) return answer;
        return Response.json([{ id: randomUUID(), name: ADMIN, path: `/Team/${ADMIN}` }, ...((await answer.json()) as object[])]);
      };
      await ground.opened({ fetch: below }).grantRole(id, member, ADMIN);
      expect(await ground.subject.rolesOf(id, member)).toEqual([ADMIN]);
    });

    it("whose group is deleted at that very moment is given all the same", async () => {
      const id = await organization();
      const member = await memberOf(id);
      await ground.keycloak.grantRole(id, await memberOf(id), ADMIN);
      let deletes = 1;
      const racing: typeof fetch = async (input, init) => {
        if (init?.method === "PUT" && deletes-- > 0) await ground.subject.deleteGroups(id);
        return ground.subject.fetch(input, init);
      };
      await ground.opened({ fetch: racing }).grantRole(id, member, ADMIN);
      expect(await ground.subject.rolesOf(id, member)).toEqual([ADMIN]);
    });
  });
}
