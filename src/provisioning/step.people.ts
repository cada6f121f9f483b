/** Owns the two steps that are about people: sending and taking back invitations, and what becomes of who accepts. */
import { ADMINISTRATOR } from "../kernel/claims.js";
import type { AuditDraft, Work } from "../kernel/doors.js";
import { KeycloakError, type Keycloak, type Invitation as SentInvitation } from "../keycloak/keycloak.js";
import { Errand, InvitationState, type Invitation } from "./invitation.entity.js";
import { StepName, StepState } from "./provisioning-step.entity.js";
import { aboutInvitation, NOTED, NOTHING, type Outcome } from "./provisioning.outcome.js";
import { invitedPerson, nextLookAt, wordsFor } from "./provisioning.rules.js";
import { changeStep, holdInvitation, holdStep, holdSteps, isSameAttempt, settlePeople } from "./provisioning.rows.js";
import type { Turn } from "./provisioning.turn.js";

/** What is new about an invitation. */
type News = Pick<Invitation, "state"> & Partial<Pick<Invitation, "sentAt" | "expiresAt" | "acceptedAt" | "errand">>;

/** One invitation, with the organisation at which it is one. */
interface Sent {
  organizationId: string;
  invitation: Invitation;
  now: Date;
}

/** Do the errand of one invitation. Each may be done twice: what the first time did is found the second time. */
export async function invitationTurn(keycloak: Keycloak, { tenant, about: [invitation] }: Turn, now: () => Date): Promise<Outcome> {
  const { keycloakOrganizationId: organizationId } = tenant;
  if (!invitation?.errand || invitation.errand === Errand.GRANT || organizationId === null) return { action: "keycloak.provision", work: async () => NOTHING };
  const { errand } = invitation;
  const news = await ERRANDS[errand](keycloak, { organizationId, invitation, now: now() });
  return {
    action: "keycloak.provision",
    work: async (tx) => {
      const row = await holdInvitation(tx, tenant.id, invitation.id);
      if (!row?.errand) return NOTHING;
      // Of one that was revoked while the mail went out, only the mail is news; it is taken back next.
      const { sentAt = row.sentAt, expiresAt = row.expiresAt } = news;
      await tx.save(Object.assign(row, row.errand === errand ? { errand: null, ...news } : { sentAt, expiresAt }));
      await settlePeople(tx, tenant.id, await holdSteps(tx, tenant.id), now());
      return { value: undefined, audit: [{ target: aboutInvitation(row, tenant), metadata: { step: StepName.INVITATION, errand, state: news.state } }] };
    },
  };
}

const ERRANDS: Record<Exclude<Errand, Errand.GRANT>, (keycloak: Keycloak, sent: Sent) => Promise<News>> = {
  [Errand.INVITE]: invite,
  async [Errand.RESEND](keycloak, sent) {
    const { organizationId, invitation } = sent;
    const found = await keycloak.invitation(organizationId, invitation.email);
    // Sent again since we last knew, by us before a crash or by somebody else: one mail is enough.
    const already = found !== null && invitation.sentAt !== null && found.sentAt > invitation.sentAt;
    const again = already ? found : await keycloak.resendInvitation(organizationId, invitation.email);
    return again ? sentNews(again, sent) : invite(keycloak, sent);
  },
  async [Errand.WITHDRAW](keycloak, { organizationId, invitation, now }) {
    if (await keycloak.revokeInvitation(organizationId, invitation.email)) return { state: InvitationState.REVOKED };
    // Whoever was faster is in, and the tenant must know; but nobody wants that person to administer anything any more.
    return (await keycloak.member(organizationId, invitation.email)) ? { ...acceptedNews(now), errand: null } : { state: InvitationState.REVOKED };
  },
};

async function invite(keycloak: Keycloak, sent: Sent): Promise<News> {
  const { organizationId, invitation, now } = sent;
  if ((await keycloak.invite(organizationId, invitedPerson(invitation))) === "already-member") return acceptedNews(now);
  return sentNews(await keycloak.invitation(organizationId, invitation.email), sent);
}

function sentNews(found: SentInvitation | null, { now }: Pick<Sent, "now">): News {
  return { state: InvitationState.PENDING, sentAt: found?.sentAt ?? now, expiresAt: found?.expiresAt ?? null };
}

function acceptedNews(now: Date): News {
  return { state: InvitationState.ACCEPTED, acceptedAt: now, errand: Errand.GRANT };
}

/** See what has become of the invitations that were sent or, once somebody has accepted, make that person an administrator. */
export async function verificationTurn(keycloak: Keycloak, turn: Turn, now: () => Date): Promise<Outcome> {
  const { keycloakOrganizationId: organizationId } = turn.tenant;
  if (organizationId === null) return { action: "keycloak.provision", work: async () => NOTHING };
  const invitation = turn.about.find(({ errand }) => errand === Errand.GRANT);
  return invitation ? grant(keycloak, turn.tenant, { organizationId, invitation, now: now() }) : look(keycloak, organizationId, turn, now);
}

/** Errors: not-found when whoever accepted is no member any more; then nobody administers the tenant, and a person has to look. */
async function grant(keycloak: Keycloak, tenant: Turn["tenant"], { organizationId, invitation: { id, email }, now }: Sent): Promise<Outcome> {
  const member = await keycloak.member(organizationId, email);
  if (member === null) throw new KeycloakError("not-found", "GET /organizations/{organizationId}/members");
  await keycloak.grantRole(organizationId, member.id, ADMINISTRATOR);
  return {
    action: "keycloak.provision",
    work: async (tx) => {
      const row = await holdInvitation(tx, tenant.id, id);
      if (row?.errand !== Errand.GRANT) return NOTHING;
      await tx.save(Object.assign(row, { errand: null, roleGrantedAt: now }));
      await settlePeople(tx, tenant.id, await holdSteps(tx, tenant.id), now);
      return { value: undefined, audit: [{ target: aboutInvitation(row, tenant), metadata: { step: StepName.VERIFICATION, errand: Errand.GRANT, role: ADMINISTRATOR } }] };
    },
  };
}

async function look(keycloak: Keycloak, organizationId: string, { tenant, step, about }: Turn, now: () => Date): Promise<Outcome> {
  const news = new Map<string, News>();
  for (const invitation of about) news.set(invitation.id, await becomeOf(keycloak, organizationId, invitation, now()));
  const expired = [...news.values()].some(({ state }) => state === InvitationState.EXPIRED);
  const work: Work<void> = async (tx) => {
    const audit: AuditDraft[] = [];
    const waiting: Invitation[] = [];
    for (const [id, found] of news) {
      const row = await holdInvitation(tx, tenant.id, id);
      if (row?.state !== InvitationState.PENDING || row.errand !== null) continue;
      await tx.save(Object.assign(row, found));
      if (found.state === InvitationState.PENDING) waiting.push(row);
      else audit.push({ target: aboutInvitation(row, tenant), metadata: { step: StepName.VERIFICATION, state: found.state, ...reasonFor(found) } });
    }
    const [first, ...more] = audit;
    if (first) {
      await settlePeople(tx, tenant.id, await holdSteps(tx, tenant.id), now());
      return { value: undefined, audit: [first, ...more] };
    }
    const row = await holdStep(tx, tenant.id, StepName.VERIFICATION);
    if (!isSameAttempt(row, step) || waiting.length === 0) return NOTHING;
    await changeStep(tx, row, { state: StepState.PENDING, lastError: null, nextAttemptAt: nextLookAt(waiting, step.attempts, now()) });
    return NOTED;
  };
  return { action: expired ? "keycloak.provision_failed" : "keycloak.provision", work };
}

/** One that is no longer there was accepted, or it can no longer be: then it counts as expired, and can be sent again. */
async function becomeOf(keycloak: Keycloak, organizationId: string, { email }: Invitation, now: Date): Promise<News> {
  const found = await keycloak.invitation(organizationId, email);
  if (found?.status === "pending") return sentNews(found, { now });
  return (await keycloak.member(organizationId, email)) ? acceptedNews(now) : { state: InvitationState.EXPIRED };
}

function reasonFor({ state }: News): { reason?: string } {
  return state === InvitationState.EXPIRED ? { reason: wordsFor("invitation-expired") } : {};
}
