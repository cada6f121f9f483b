/** Owns how a member gets a role inside an organisation: by being in the organisation's group of that name, which tokens then carry. */
import { z } from "zod";
import type { AdminApi } from "./keycloak.admin.js";
import { failure, read, refusal, says } from "./keycloak.exchange.js";
import { KeycloakError } from "./keycloak.js";

const GROUPS = "/organizations/{organizationId}/groups";
const MEMBER = `${GROUPS}/{groupId}/members/{memberId}`;

const PAGE = z.array(z.object({ id: z.string().min(1), path: z.string() }));
/** Groups below others may have the same name, and are found as well. */
const MAX_GROUPS_OF_ONE_NAME = 100;
/** At more Keycloak's database refuses. */
const MAX_ROLE_CHARACTERS = 255;

/**
 * Whoever does the same at the same time makes Keycloak refuse with 400, which also says that the person is no member; and between
 * finding the group and joining it, the group may be deleted. Both show when it is tried once more.
 */
export async function grantRole(api: AdminApi, organizationId: string, memberId: string, role: string): Promise<void> {
  if (role === "" || role.includes("/") || role.length > MAX_ROLE_CHARACTERS) {
    throw new KeycloakError("invalid", `POST ${GROUPS}`, { internal: "not a name that a top-level group can have" });
  }
  for (let attempt = 1; ; attempt += 1) {
    const groupId = await groupOf(api, organizationId, role);
    const answer = await api.call("PUT", MEMBER, { path: { organizationId, groupId, memberId } });
    // 409: is in it already.
    if (answer.status === 204 || says(answer, 409)) return;
    if (!says(answer, 400) && !says(answer, 404)) throw refusal(answer);
    if (attempt === 2) throw failure(answer, "not-found");
  }
}

/** The id of the role's group: look, create, and look again, since another instance may be faster. */
async function groupOf(api: AdminApi, organizationId: string, role: string): Promise<string> {
  const existing = await findGroup(api, organizationId, role);
  if (existing !== null) return existing;
  const answer = await api.call("POST", GROUPS, { path: { organizationId }, body: { name: role } });
  if (answer.status !== 201 && !says(answer, 400) && !says(answer, 409)) throw refusal(answer);
  const made = await findGroup(api, organizationId, role);
  if (made === null) throw answer.status === 201 ? failure(answer, "not-understood") : refusal(answer);
  return made;
}

async function findGroup(api: AdminApi, organizationId: string, role: string): Promise<string | null> {
  const query = { search: role, exact: "true", first: "0", max: String(MAX_GROUPS_OF_ONE_NAME) };
  const answer = await api.call("GET", GROUPS, { path: { organizationId }, query });
  if (answer.status !== 200) throw refusal(answer);
  return read(answer, PAGE).find(({ path }) => path === `/${role}`)?.id ?? null;
}
