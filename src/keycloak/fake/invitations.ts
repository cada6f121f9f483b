/** Owns invitations and members as the recorded server keeps them: when it mails, what it refuses, and what becomes of who accepts. */
import { randomUUID } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { done, duplicate, found, refused, unknownError, type Asked } from "./answers.js";
import { membershipOf, newUser, nowInSeconds, type Realm, type StoredInvitation, type StoredOrganization } from "./realm.js";

const EMAIL = /^(?:"[^"]+"|[^\s"@]+)@[^\s@]+\.[^\s@]+$/;
const MAX_NAME_CHARACTERS = 256;
const DEFAULT_MAX = 10;

/** Reads a form only: anything else is as if it were empty. Mails first and stores then, so that what fails in storing was mailed all the same. */
export async function inviteUser(realm: Realm, { contentType, text }: Asked, organization: StoredOrganization): Promise<Response> {
  const form = new URLSearchParams(contentType.startsWith("application/x-www-form-urlencoded") ? text : "");
  const email = form.get("email")?.trim().toLowerCase();
  if (!email) return refused(400, "Email is required to invite a member");
  if (!EMAIL.test(email)) return refused(400, "Invalid email format");
  if (!organization.enabled) return refused(400, "Organization is disabled");
  const user = realm.state.users.find((each) => each.email === email);
  if (user && membershipOf(realm, user, organization)) return refused(409, "User already a member of the organization");
  const existing = () => realm.state.invitations.find((each) => each.organizationId === organization.id && each.email === email);
  const before = existing();
  if (before && statusOf(realm, before) === "PENDING") return refused(409, "User already has a pending invitation");
  const [firstName, lastName] = [form.get("firstName"), form.get("lastName")];
  // One name without the other is dropped.
  const names = user ?? (firstName === null || lastName === null ? {} : { firstName, lastName });
  const invitation = dated(realm, { organizationId: organization.id, email, firstName: names.firstName, lastName: names.lastName });
  if (!(await sent(realm, invitation, organization))) return refused(500, "Failed to send invite email");
  if (existing()) return duplicate();
  if ([names.firstName, names.lastName].some((name) => (name?.length ?? 0) > MAX_NAME_CHARACTERS)) return unknownError();
  realm.state.invitations.push(invitation);
  return done();
}

export function listInvitations(realm: Realm, { url: { searchParams: query } }: Asked, organization: StoredOrganization): Response {
  const [email, status] = [query.get("email")?.toLowerCase(), query.get("status")];
  if (status !== null && status !== "PENDING" && status !== "EXPIRED") return unknownError();
  const own = realm.state.invitations.filter(({ organizationId }) => organizationId === organization.id);
  const matching = own.filter((each) => (email === undefined || each.email === email) && (status === null || statusOf(realm, each) === status));
  // By an id that is random.
  return found(matching.sort((one, other) => (one.id < other.id ? -1 : 1)).map((each) => ({ ...each, status: statusOf(realm, each) })));
}

/** Replaces the invitation: its id and its link are gone. When the mail fails, it stays as it was. */
export async function resendInvitation(realm: Realm, { ids: [, id] }: Asked, organization: StoredOrganization): Promise<Response> {
  const before = byId(realm, id, organization);
  if (!before) return refused(404, "Invitation not found");
  if (!organization.enabled) return refused(400, "Organization is disabled");
  const after = dated(realm, before);
  if (!(await sent(realm, after, organization))) return refused(500, "Failed to send invite email");
  const { invitations } = realm.state;
  const place = invitations.indexOf(before);
  if (place < 0) return refused(404, "Invitation not found");
  invitations.splice(place, 1, after);
  return done();
}

export function deleteInvitation(realm: Realm, { ids: [, id] }: Asked, organization: StoredOrganization): Response {
  const invitation = byId(realm, id, organization);
  if (!invitation) return refused(404, "Invitation not found");
  realm.state.invitations.splice(realm.state.invitations.indexOf(invitation), 1);
  return done();
}

/** `exact` compares whole words and ignores case, and a user name is as good as an address; without `max` there are ten. */
export function listMembers(realm: Realm, { url: { searchParams: query } }: Asked, organization: StoredOrganization): Response {
  const search = query.get("search")?.toLowerCase();
  const exact = query.get("exact") === "true";
  const matching = realm.state.users.filter((user) => {
    if (!membershipOf(realm, user, organization)) return false;
    const { username, email, firstName = "", lastName = "" } = user;
    const texts = [username, email, firstName, lastName].map((text) => text.toLowerCase());
    return search === undefined || texts.some((text) => (exact ? text === search : text.includes(search)));
  });
  const first = Number(query.get("first") ?? 0);
  const max = Number(query.get("max") ?? DEFAULT_MAX);
  const page = matching.sort((one, other) => (one.username < other.username ? -1 : 1)).slice(first, max < 0 ? undefined : first + max);
  return found(page.map((user) => ({ ...user, membershipType: membershipOf(realm, user, organization)?.type })));
}

/** Follow a link as its recipient would: sign up and become a managed member or, with an account, agree. False when the link is dead. */
export function acceptInvitation(realm: Realm, link: string): boolean {
  const { state } = realm;
  const id = URL.canParse(link) ? new URL(link).searchParams.get("token") : null;
  const invitation = state.invitations.find((each) => each.id === id);
  const organization = state.organizations.find((each) => each.id === invitation?.organizationId);
  if (!invitation || !organization || statusOf(realm, invitation) === "EXPIRED") return false;
  const known = state.users.find((each) => each.email === invitation.email);
  const { id: userId } = known ?? newUser(realm, invitation, false);
  state.memberships.push({ organizationId: organization.id, userId, type: known ? "UNMANAGED" : "MANAGED" });
  state.invitations.splice(state.invitations.indexOf(invitation), 1);
  return true;
}

function dated(realm: Realm, { organizationId, email, firstName, lastName }: Omit<StoredInvitation, "id" | "sentDate" | "expiresAt">): StoredInvitation {
  const sentDate = nowInSeconds(realm);
  const names = { ...(firstName !== undefined && { firstName }), ...(lastName !== undefined && { lastName }) };
  return { id: randomUUID(), organizationId, email, ...names, sentDate, expiresAt: sentDate + realm.settings.invitationLifeSeconds };
}

/** Mailing takes a moment, in which others may ask the same. */
async function sent({ settings, mails, url, name }: Realm, { id, email }: StoredInvitation, organization: StoredOrganization): Promise<boolean> {
  await setImmediate();
  if (!settings.mailWorks) return false;
  const link = `${url}/realms/${name}/protocol/openid-connect/registrations?response_type=code&client_id=account&token=${id}`;
  mails.push({ to: email, subject: `Invitation to join the ${organization.name} organization`, link });
  return true;
}

function byId({ state }: Realm, id: string | undefined, organization: StoredOrganization): StoredInvitation | undefined {
  return state.invitations.find((each) => each.id === id && each.organizationId === organization.id);
}

function statusOf(realm: Realm, { expiresAt }: StoredInvitation): "PENDING" | "EXPIRED" {
  return nowInSeconds(realm) >= expiresAt ? "EXPIRED" : "PENDING";
}
