/** Owns the contract of the Keycloak client, for whatever Keycloak it is given: the in-process one, or a real server. */
import { beforeAll } from "vitest";
import { invitationContract } from "./contract.invitation.js";
import { organizationContract } from "./contract.organization.js";
import { realmContract } from "./contract.realm.js";
import { roleContract } from "./contract.role.js";
import { Ground } from "./ground.js";
import type { Subject } from "./subject.js";

export function keycloakContract(open: () => Promise<Subject>): void {
  const ground = new Ground();
  beforeAll(async () => ground.stand(await open()));
  organizationContract(ground);
  invitationContract(ground);
  roleContract(ground);
  realmContract(ground);
}
