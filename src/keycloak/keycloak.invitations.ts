/** Owns how a person is invited once, and how an invitation is found again: by address, because sending it again changes its id. */
import { z } from "zod";
import type { AdminApi } from "./keycloak.admin.js";
import { INVITATION, invitationFrom, MEMBER, memberFrom } from "./keycloak.answers.js";
import { failure, read, refusal, says } from "./keycloak.exchange.js";
import { KeycloakError, type Invitation, type InvitedPerson, type Member } from "./keycloak.js";
import { invitable, MAX_PERSON_NAME_CHARACTERS, normalEmail } from "./keycloak.rules.js";

const INVITE = "/organizations/{organizationId}/members/invite-user";
const MEMBERS = "/organizations/{organizationId}/members";
const ALL = "/organizations/{organizationId}/invitations";
const ONE = `${ALL}/{id}`;
const RESEND = `${ONE}/resend`;

/** An invitation with its present id. */
type Found = Invitation & { id: string };

/**
 * Looks before it asks, because the server mails before it notices that there is an invitation already: its refusal would leave
 * the person with a mail whose link is dead.
 */
export async function invite(api: AdminApi, organizationId: string, person: InvitedPerson): Promise<"invited" | "already-member"> {
  const { firstName, lastName } = person;
  const email = normalEmail(person.email);
  if (!invitable(email) || [firstName, lastName].some((name) => name.length > MAX_PERSON_NAME_CHARACTERS)) {
    throw new KeycloakError("invalid", `POST ${INVITE}`, { internal: "not an address that may be invited, or too long a name" });
  }
  const existing = await find(api, organizationId, email);
  if (existing?.status === "pending") return "invited";
  if (existing !== null && (await resend(api, organizationId, email)) !== null) return "invited";
  const answer = await api.call("POST", INVITE, { path: { organizationId }, body: new URLSearchParams({ email, firstName, lastName }) });
  if (answer.status === 204) return "invited";
  if (!says(answer, 409)) throw refusal(answer);
  if ((await find(api, organizationId, email)) !== null) return "invited";
  if ((await member(api, organizationId, email)) !== null) return "already-member";
  throw refusal(answer);
}

export async function invitation(api: AdminApi, organizationId: string, email: string): Promise<Invitation | null> {
  const found = await find(api, organizationId, normalEmail(email));
  return found && withoutId(found);
}

export async function resend(api: AdminApi, organizationId: string, email: string): Promise<Invitation | null> {
  const sent = await toItsPresentId(api, organizationId, email, "POST", RESEND);
  return sent && invitation(api, organizationId, email);
}

export async function revoke(api: AdminApi, organizationId: string, email: string): Promise<boolean> {
  return (await toItsPresentId(api, organizationId, email, "DELETE", ONE)) !== null;
}

/** One that is accepted or withdrawn while we are at it was there, too. */
export async function revokeAll(api: AdminApi, organizationId: string): Promise<number> {
  const answer = await api.call("GET", ALL, { path: { organizationId } });
  if (answer.status !== 200) throw refusal(answer);
  const all = read(answer, z.array(INVITATION));
  for (const { id } of all) {
    const deleted = await api.call("DELETE", ONE, { path: { organizationId, id } });
    if (deleted.status !== 204 && !says(deleted, 404)) throw refusal(deleted);
  }
  return all.length;
}

/** The server's search also looks at user names, and returns 10 members unless told otherwise. */
export async function member(api: AdminApi, organizationId: string, email: string): Promise<Member | null> {
  const search = normalEmail(email);
  const answer = await api.call("GET", MEMBERS, { path: { organizationId }, query: { search, exact: "true", first: "0", max: "10" } });
  if (answer.status !== 200) throw refusal(answer);
  return read(answer, z.array(MEMBER)).map(memberFrom).find((found) => found.email === search) ?? null;
}

/** Do this to the invitation; null when there is none. Between looking and doing, its id may have changed: then once more. */
async function toItsPresentId(api: AdminApi, organizationId: string, email: string, method: "POST" | "DELETE", template: string): Promise<Found | null> {
  for (let attempt = 1; ; attempt += 1) {
    const found = await find(api, organizationId, normalEmail(email));
    if (found === null) return null;
    const answer = await api.call(method, template, { path: { organizationId, id: found.id } });
    if (answer.status === 204) return found;
    if (!says(answer, 404)) throw refusal(answer);
    if (attempt === 2) throw failure(answer, "conflict");
  }
}

async function find(api: AdminApi, organizationId: string, email: string): Promise<Found | null> {
  const answer = await api.call("GET", ALL, { path: { organizationId }, query: { email } });
  if (answer.status !== 200) throw refusal(answer);
  const found = read(answer, z.array(INVITATION)).map((each) => ({ ...invitationFrom(each), id: each.id }));
  return found.filter((each) => each.email === email).sort((one, other) => other.sentAt.getTime() - one.sentAt.getTime())[0] ?? null;
}

function withoutId({ email, status, sentAt, expiresAt }: Found): Invitation {
  return { email, status, sentAt, expiresAt };
}
