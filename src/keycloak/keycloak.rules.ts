/** Owns what is true about organisations and invitations, whoever asks: names, and addresses that may be invited. */
import type { WantedOrganization } from "./keycloak.js";

const MAX_ORGANIZATION_NAME_CHARACTERS = 255;
/** Of a first or last name; at somewhat more Keycloak fails with 500, and the mail has gone out by then. */
export const MAX_PERSON_NAME_CHARACTERS = 255;
const MAX_EMAIL_CHARACTERS = 254;
const MAX_LOCAL_PART_CHARACTERS = 64;

/** RFC 5322's atoms, without quotes and comments. */
const LOCAL_PART = /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*$/;
const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;

/**
 * The names that a tenant's organisation may have: its own or, since a realm has every name once, its own with the alias.
 * One of them is no drift.
 */
export function organizationNames({ name, alias }: Pick<WantedOrganization, "name" | "alias">): readonly [string, string] {
  const suffix = ` (${alias})`;
  return [name.slice(0, MAX_ORGANIZATION_NAME_CHARACTERS), `${name.slice(0, MAX_ORGANIZATION_NAME_CHARACTERS - suffix.length)}${suffix}`];
}

/** An address as Keycloak keeps it. */
export function normalEmail(email: string): string {
  return email.trim().toLowerCase();
}

/**
 * Whether an address may be invited: one unquoted local part, one `@`, and a host name with a dot.
 *
 * Keycloak takes the domain of an address from its first `@`, so that a quoted local part could carry a domain of its own.
 */
export function invitable(email: string): boolean {
  if (email.length > MAX_EMAIL_CHARACTERS) return false;
  const [local = "", domain = "", ...more] = normalEmail(email).split("@");
  return more.length === 0 && local.length <= MAX_LOCAL_PART_CHARACTERS && LOCAL_PART.test(local) && DOMAIN.test(domain);
}
