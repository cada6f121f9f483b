/** Owns the proof that the client keeps its promises over the in-process Keycloak. */
import { describe, expect, it } from "vitest";
import { openKeycloak } from "../../src/keycloak/keycloak.client.js";
import { keycloakContract } from "./contract.js";
import { fakeSubject } from "./fake.subject.js";
import { failing, newPerson, newTenant } from "./ground.js";

describe("the in-process Keycloak", () => {
  keycloakContract(async () => fakeSubject());
});

it("in a version without groups of organisations, a role is refused as what it is, and everything else works", async () => {
  const subject = fakeSubject();
  subject.fake.settings.organizationGroups = false;
  const keycloak = openKeycloak({ ...subject.account, fetch: subject.fetch, timeoutMs: 5_000 });
  const { id } = await keycloak.createOrganization(newTenant());
  const member = await subject.memberOf(id, { email: newPerson().email });
  await expect(keycloak.grantRole(id, member.id, "IT_ADMIN")).rejects.toThrow(failing("roles-unsupported"));
  await keycloak.ready();
});
