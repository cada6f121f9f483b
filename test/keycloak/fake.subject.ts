/** Owns the in-process Keycloak as the contract sees it. */
import { openFakeKeycloak, type FakeKeycloak } from "../../src/keycloak/fake/fake.js";
import type { Subject } from "./subject.js";

const KNOWN = { firstName: "Kim", lastName: "Known" };

export function fakeSubject(): Subject & { fake: FakeKeycloak } {
  let aheadMs = 0;
  const fake = openFakeKeycloak({ now: () => new Date(Date.now() + aheadMs), settings: { locationOrigin: "https://elsewhere.example" } });
  return {
    fake,
    account: fake.account,
    fetch: fake.fetch,
    mailsTo: (email) => fake.mails.filter(({ to }) => to === email),
    accept: async (mail) => fake.accept(mail),
    async set(settings) {
      Object.assign(fake.settings, settings);
    },
    async letExpire() {
      aheadMs += 2_000;
    },
    person: async (fields) => fake.addUser({ ...KNOWN, ...fields }),
    async memberOf(organizationId, fields) {
      const user = fake.addUser({ ...KNOWN, ...fields });
      fake.state.memberships.push({ organizationId, userId: user.id, type: "UNMANAGED" });
      return user;
    },
    async join(organizationId, userId) {
      fake.state.memberships.push({ organizationId, userId, type: "UNMANAGED" });
    },
    rolesOf: async (organizationId, userId) => fake.state.groups.flatMap((group) => (group.organizationId === organizationId && group.userIds.includes(userId) ? [group.name] : [])).sort(),
    async deleteGroups(organizationId) {
      fake.state.groups = fake.state.groups.filter((group) => group.organizationId !== organizationId);
    },
  };
}
