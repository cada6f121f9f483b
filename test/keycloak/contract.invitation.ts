/** Owns the guarantees about invitations: one for each person, mailed once, and what becomes of them. */
import { randomUUID } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { failing, newPerson, newTenant, some, type Ground } from "./ground.js";
import { USUAL } from "./subject.js";

const HALF_A_DAY_MS = 12 * 3_600_000;

export function invitationContract(ground: Ground): void {
  describe("an invitation", () => {
    const organization = async () => (await ground.keycloak.createOrganization(newTenant())).id;
    afterEach(() => ground.subject.set(USUAL));

    it("is none to who was not invited, in an organisation that there is", async () => {
      const id = await organization();
      expect(await ground.keycloak.invitation(id, newPerson().email)).toBeNull();
      expect(await ground.keycloak.member(id, newPerson().email)).toBeNull();
      expect(await ground.keycloak.resendInvitation(id, newPerson().email)).toBeNull();
      expect(await ground.keycloak.revokeInvitation(id, newPerson().email)).toBe(false);
    });

    it("cannot be had in an organisation that there is not", async () => {
      const { email } = newPerson();
      const id = randomUUID();
      const calls = [ground.keycloak.invite(id, newPerson()), ground.keycloak.invitation(id, email), ground.keycloak.resendInvitation(id, email), ground.keycloak.revokeInvitation(id, email), ground.keycloak.member(id, email)];
      for (const call of await Promise.allSettled(calls)) expect(call).toEqual({ status: "rejected", reason: failing("not-found") });
    });

    it("is mailed, and is pending for half a day", async () => {
      const [id, person, before] = [await organization(), newPerson(), Date.now()];
      expect(await ground.keycloak.invite(id, person)).toBe("invited");
      expect(ground.subject.mailsTo(person.email)).toHaveLength(1);
      const invitation = await ground.keycloak.invitation(id, person.email);
      expect(invitation).toStrictEqual({ email: person.email, status: "pending", sentAt: expect.any(Date), expiresAt: expect.any(Date) });
      expect(Number(invitation?.expiresAt) - Number(invitation?.sentAt)).toBe(HALF_A_DAY_MS);
      expect(Math.abs(Number(invitation?.sentAt) - before)).toBeLessThan(HALF_A_DAY_MS);
    });

    it("is one and mails once, however often it is asked for, and however the address is written", async () => {
      const [id, person] = [await organization(), newPerson()];
      const shouted = { ...person, email: ` ${person.email.toUpperCase()} ` };
      for (const each of [person, person, shouted]) expect(await ground.keycloak.invite(id, each)).toBe("invited");
      expect(ground.subject.mailsTo(person.email)).toHaveLength(1);
      expect(await ground.keycloak.invitation(id, shouted.email)).toMatchObject({ email: person.email });
    });

    it("is one also when several instances ask at once, and one of the mails has a link that lives", async () => {
      const [id, person] = [await organization(), newPerson()];
      expect(new Set(await some(() => ground.opened().invite(id, person)))).toEqual(new Set(["invited"]));
      const accepted = [];
      for (const mail of ground.subject.mailsTo(person.email)) accepted.push(await ground.subject.accept(mail));
      expect(accepted.filter(Boolean)).toHaveLength(1);
    });

    it("makes a member of who accepts, once; then there is none, and no new one", async () => {
      const [id, person] = [await organization(), newPerson()];
      await ground.keycloak.invite(id, person);
      const [mail = { link: "" }] = ground.subject.mailsTo(person.email);
      expect(await ground.subject.accept(mail)).toBe(true);
      expect(await ground.keycloak.member(id, person.email.toUpperCase())).toStrictEqual({ id: expect.any(String), email: person.email, enabled: true });
      expect(await ground.keycloak.invitation(id, person.email)).toBeNull();
      expect(await ground.keycloak.invite(id, person)).toBe("already-member");
      expect(ground.subject.mailsTo(person.email)).toHaveLength(1);
      expect(await ground.subject.accept(mail)).toBe(false);
    });

    it("makes a member of a person who has an account", async () => {
      const [id, person] = [await organization(), newPerson()];
      const { id: userId } = await ground.subject.person({ email: person.email });
      await ground.keycloak.invite(id, person);
      expect(await ground.subject.accept(ground.subject.mailsTo(person.email)[0] ?? { link: "" })).toBe(true);
      expect(await ground.keycloak.member(id, person.email)).toStrictEqual({ id: userId, email: person.email, enabled: true });
    });

    it("does not exist when its mail could not be sent, and can be sent later", async () => {
      const [id, person] = [await organization(), newPerson()];
      await ground.subject.set({ mailWorks: false });
      await expect(ground.keycloak.invite(id, person)).rejects.toThrow(failing("mail-failed"));
      expect(await ground.keycloak.invitation(id, person.email)).toBeNull();
      await ground.subject.set({ mailWorks: true });
      expect(await ground.keycloak.invite(id, person)).toBe("invited");
    });

    it("that has expired is told as such, cannot be accepted, and is sent again when asked for", async () => {
      const [id, person] = [await organization(), newPerson()];
      await ground.subject.set({ invitationLifeSeconds: 1 });
      await ground.keycloak.invite(id, person);
      await ground.subject.letExpire();
      expect(await ground.keycloak.invitation(id, person.email)).toMatchObject({ status: "expired" });
      expect(await ground.subject.accept(ground.subject.mailsTo(person.email)[0] ?? { link: "" })).toBe(false);
      await ground.subject.set({ invitationLifeSeconds: USUAL.invitationLifeSeconds });
      expect(await ground.keycloak.invite(id, person)).toBe("invited");
      expect(await ground.keycloak.invitation(id, person.email)).toMatchObject({ status: "pending" });
      expect(ground.subject.mailsTo(person.email)).toHaveLength(2);
    });

    it("can be sent again: the new link lives, the old one is dead", async () => {
      const [id, person] = [await organization(), newPerson()];
      await ground.keycloak.invite(id, person);
      expect(await ground.keycloak.resendInvitation(id, person.email)).toMatchObject({ email: person.email, status: "pending" });
      const [old = { link: "" }, fresh = { link: "" }, ...more] = ground.subject.mailsTo(person.email);
      expect(more).toEqual([]);
      expect(await ground.subject.accept(old)).toBe(false);
      expect(await ground.subject.accept(fresh)).toBe(true);
    });

    it("stays as it is when sending it again fails", async () => {
      const [id, person] = [await organization(), newPerson()];
      await ground.keycloak.invite(id, person);
      const before = await ground.keycloak.invitation(id, person.email);
      await ground.subject.set({ mailWorks: false });
      await expect(ground.keycloak.resendInvitation(id, person.email)).rejects.toThrow(failing("mail-failed"));
      expect(await ground.keycloak.invitation(id, person.email)).toStrictEqual(before);
      expect(await ground.subject.accept(ground.subject.mailsTo(person.email)[0] ?? { link: "" })).toBe(true);
    });

    it("can be withdrawn, once; its link is dead", async () => {
      const [id, person] = [await organization(), newPerson()];
      await ground.keycloak.invite(id, person);
      expect(await ground.keycloak.revokeInvitation(id, person.email)).toBe(true);
      expect(await ground.keycloak.revokeInvitation(id, person.email)).toBe(false);
      expect(await ground.keycloak.invitation(id, person.email)).toBeNull();
      expect(await ground.subject.accept(ground.subject.mailsTo(person.email)[0] ?? { link: "" })).toBe(false);
    });

    it("is not made in an organisation that is disabled", async () => {
      const wanted = newTenant({ enabled: false });
      const { id } = await ground.keycloak.createOrganization(wanted);
      await expect(ground.keycloak.invite(id, newPerson())).rejects.toThrow(failing("invalid"));
    });

    it("to what cannot be invited is not even asked for", async () => {
      const id = await organization();
      for (const email of ['"a@evil.example"@people.example', "a@b@people.example", "a people.example", "a@people", ""]) {
        const requests = ground.requestsOf((counted) => expect(counted.invite(id, { ...newPerson(), email })).rejects.toThrow(failing("invalid")));
        expect(await requests).toEqual([]);
      }
      expect(await ground.requestsOf((counted) => expect(counted.invite(id, { ...newPerson(), lastName: "x".repeat(256) })).rejects.toThrow(failing("invalid")))).toEqual([]);
    });
  });
}
