/** Owns what the in-process Keycloak knows: one realm's organisations, people, invitations and settings, and the mails that it "sent". */
import { randomUUID } from "node:crypto";

export interface StoredOrganization {
  id: string;
  name: string;
  alias: string;
  enabled: boolean;
  description?: string;
  redirectUrl?: string;
  attributes: Record<string, string[]>;
  domains?: { name: string; verified: boolean }[];
}

export interface StoredMembership {
  organizationId: string;
  userId: string;
  /** Managed: the account was made by accepting an invitation, and goes when the organisation does. */
  type: "MANAGED" | "UNMANAGED";
}

export interface StoredUser {
  id: string;
  username: string;
  email: string;
  firstName?: string;
  lastName?: string;
  emailVerified: boolean;
  enabled: boolean;
  createdTimestamp: number;
}

/** Times in seconds, as the server writes them. */
export interface StoredInvitation {
  id: string;
  organizationId: string;
  email: string;
  firstName?: string;
  lastName?: string;
  sentDate: number;
  expiresAt: number;
}

/** Of an organisation, and never below another group that can be seen. */
export interface StoredGroup {
  id: string;
  organizationId: string;
  /** The organisation's hidden group. */
  parentId: string;
  name: string;
  userIds: string[];
}

/** What survives when it is written down and read again. */
export interface RealmState {
  organizations: StoredOrganization[];
  users: StoredUser[];
  memberships: StoredMembership[];
  invitations: StoredInvitation[];
  groups: StoredGroup[];
}

/** What an administrator of the server would set; a test changes it as it likes. */
export interface RealmSettings {
  organizationsEnabled: boolean;
  /** False: organisations have no groups, as before version 26.7. */
  organizationGroups: boolean;
  /** False: every mail fails, as without an SMTP server. */
  mailWorks: boolean;
  invitationLifeSeconds: number;
  tokenLifeSeconds: number;
  /** The account's roles of the client `realm-management`. */
  roles: readonly string[];
  /** Whether the realm's fine-grained permissions let the account put people into groups, whatever its roles. */
  mayPutIntoGroups: boolean;
  /** Another origin for `Location` than that of the request, as behind a proxy. */
  locationOrigin: string | null;
}

export interface FakeMail {
  to: string;
  subject: string;
  /** Where the recipient accepts. */
  link: string;
}

export interface Realm {
  readonly name: string;
  readonly state: RealmState;
  readonly settings: RealmSettings;
  readonly mails: FakeMail[];
  /** Address of the server, for the links in its mails. */
  readonly url: string;
  readonly now: () => Date;
}

export const DEFAULT_SETTINGS: RealmSettings = {
  organizationsEnabled: true,
  organizationGroups: true,
  mailWorks: true,
  invitationLifeSeconds: 43_200,
  tokenLifeSeconds: 300,
  roles: ["manage-organizations", "view-users"],
  mayPutIntoGroups: true,
  locationOrigin: null,
};

export function emptyState(): RealmState {
  return { organizations: [], users: [], memberships: [], invitations: [], groups: [] };
}

export function nowInSeconds({ now }: Realm): number {
  return Math.floor(now().getTime() / 1_000);
}

/** What may be done here; the names are those of the server's roles. */
export function may({ settings: { roles, mayPutIntoGroups } }: Realm, what: "view organizations" | "manage organizations" | "see users" | "put people into groups"): boolean {
  const manages = roles.includes("manage-organizations") || roles.includes("manage-realm");
  if (what === "manage organizations") return manages;
  if (what === "view organizations") return manages || roles.includes("view-organizations");
  if (what === "put people into groups") return mayPutIntoGroups || roles.includes("manage-users");
  return ["view-users", "query-users", "manage-users"].some((role) => roles.includes(role));
}

export function membershipOf({ state }: Realm, { id: userId }: StoredUser, { id: organizationId }: StoredOrganization): StoredMembership | undefined {
  return state.memberships.find((each) => each.userId === userId && each.organizationId === organizationId);
}

/** Put a person into the realm, as an administrator of it would. */
export function newUser(realm: Realm, person: Pick<StoredUser, "email"> & Partial<StoredUser>, emailVerified: boolean): StoredUser {
  const email = person.email.toLowerCase();
  const { username = email, firstName, lastName } = person;
  const user = { id: randomUUID(), username, firstName, lastName, email, emailVerified, enabled: true, createdTimestamp: realm.now().getTime() };
  realm.state.users.push(user);
  return user;
}
