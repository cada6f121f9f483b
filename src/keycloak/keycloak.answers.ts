/** Owns how Keycloak writes organisations, invitations and members, and how that reads in the registry's words. */
import { z } from "zod";
import { TENANT_ATTRIBUTE, type Invitation, type Member, type Organization } from "./keycloak.js";

/** Loose, because a change sends everything back that was read, also what only a newer server knows. */
export const ORGANIZATION = z.looseObject({
  id: z.string().min(1),
  name: z.string(),
  alias: z.string(),
  enabled: z.boolean(),
  redirectUrl: z.string().nullish(),
  attributes: z.record(z.string(), z.array(z.string())).default({}),
});

/** Times are in seconds here; in a user they would be in milliseconds. */
export const INVITATION = z.object({
  id: z.string().min(1),
  email: z.string(),
  sentDate: z.number(),
  expiresAt: z.number(),
  status: z.enum(["PENDING", "EXPIRED"]),
});

export const MEMBER = z.object({ id: z.string().min(1), email: z.string().optional(), enabled: z.boolean() });

export function organizationFrom({ id, name, alias, enabled, redirectUrl, attributes }: z.infer<typeof ORGANIZATION>): Organization {
  return { id, name, alias, enabled, tenantId: tenantIdIn(attributes), attributes, redirectUrl: redirectUrl ?? null };
}

/** Of an organisation that names two tenants, neither may believe that it is its own. */
function tenantIdIn(attributes: Organization["attributes"]): string | null {
  const [tenantId, ...more] = Object.hasOwn(attributes, TENANT_ATTRIBUTE) ? (attributes[TENANT_ATTRIBUTE] ?? []) : [];
  return more.length === 0 ? (tenantId ?? null) : null;
}

export function invitationFrom({ email, sentDate, expiresAt, status }: z.infer<typeof INVITATION>): Invitation {
  return { email: email.toLowerCase(), status: status === "PENDING" ? "pending" : "expired", sentAt: new Date(sentDate * 1_000), expiresAt: new Date(expiresAt * 1_000) };
}

export function memberFrom({ id, email = "", enabled }: z.infer<typeof MEMBER>): Member {
  return { id, email: email.toLowerCase(), enabled };
}
