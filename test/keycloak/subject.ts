/** Owns what the contract needs of a Keycloak beyond the Admin API: its settings, its mails, and the people who read them. */
import type { KeycloakAccount } from "../../src/keycloak/keycloak.token.js";

export interface Mail {
  link: string;
}

/** A Keycloak under test: the in-process one, or a real server. */
export interface Subject {
  account: KeycloakAccount;
  fetch: typeof fetch;
  /** What was mailed to this address so far, oldest first. */
  mailsTo(email: string): Mail[];
  /** Do what the recipient does; false when the link is dead. */
  accept(mail: Mail): Promise<boolean>;
  set(settings: Partial<Settings>): Promise<void>;
  /** Let invitations that were sent with a life of one second expire. */
  letExpire(): Promise<void>;
  /** A person of the realm who is no member of anything. */
  person(fields: PersonFields): Promise<{ id: string }>;
  /** A person of the realm who is a member of this organisation. */
  memberOf(organizationId: string, fields: PersonFields): Promise<{ id: string }>;
  /** Make a person of the realm a member of one more organisation. */
  join(organizationId: string, userId: string): Promise<void>;
  /** Names of the organisation's groups that this person is in, sorted. */
  rolesOf(organizationId: string, userId: string): Promise<string[]>;
  deleteGroups(organizationId: string): Promise<void>;
}

export interface PersonFields {
  email: string;
  /** The address, unless said otherwise. */
  username?: string;
}

export interface Settings {
  organizationsEnabled: boolean;
  mailWorks: boolean;
  invitationLifeSeconds: number;
  /** The account's roles of the client `realm-management`. */
  roles: readonly string[];
  /** Whether the realm's fine-grained permissions let the account put people into groups. */
  mayPutIntoGroups: boolean;
}

/** As the development realm is. */
export const USUAL: Settings = {
  organizationsEnabled: true,
  mailWorks: true,
  invitationLifeSeconds: 43_200,
  roles: ["manage-organizations", "view-users"],
  mayPutIntoGroups: true,
};
