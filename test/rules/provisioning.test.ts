import { describe, expect, it } from "vitest";
import type { Organization } from "../../src/keycloak/keycloak.js";
import { Errand, InvitationState, type Invitation } from "../../src/provisioning/invitation.entity.js";
import { DriftKind } from "../../src/provisioning/keycloak-drift.entity.js";
import { driftOf, type Found } from "../../src/provisioning/keycloak-drift.rules.js";
import { invitationStateAt, invitationStep, invitedPerson, nextLookAt, retryAt, verificationStep } from "../../src/provisioning/provisioning.rules.js";
import { ProvisioningStep, StepName, StepState } from "../../src/provisioning/provisioning-step.entity.js";
import { nextTurn, situation } from "../../src/provisioning/provisioning.turn.js";
import { Tenant, TenantStatus } from "../../src/tenant/tenant.entity.js";

const NOW = new Date("2026-05-01T10:00:00.000Z");
const at = (ms: number) => new Date(NOW.getTime() + ms);
const MINUTE = 60_000;

const tenant = (fields: Partial<Tenant> = {}): Tenant =>
  Object.assign(new Tenant(), { id: "t1", name: "Acme", slug: "acme", status: TenantStatus.ACTIVE, trialEndsAt: null, frozenAt: null, keycloakOrganizationId: "o1" }, fields);
const invitation = (fields: Partial<Invitation> = {}): Invitation =>
  ({ email: "ada@acme.example", name: "Ada", state: InvitationState.PENDING, errand: null, sentAt: at(-MINUTE), expiresAt: at(60 * MINUTE), acceptedAt: null, ...fields }) as Invitation;
const step = (name: StepName, fields: Partial<ProvisioningStep> = {}): ProvisioningStep =>
  Object.assign(new ProvisioningStep(), { step: name, state: StepState.DONE, attempts: 1, nextAttemptAt: null, sentName: "Acme", sentStatus: TenantStatus.ACTIVE }, fields);

describe("when a step that failed is tried again", () => {
  it.each([[1, 1], [2, 2], [3, 4], [6, 32], [7, 60], [100, 60]])("after %i attempts in %i minutes", (attempts, minutes) => {
    expect(retryAt("unreachable", attempts, NOW)).toEqual(at(minutes * MINUTE));
  });

  it.each(["timeout", "unauthorized", "forbidden", "organizations-disabled", "mail-failed", "server-error", "not-understood"] as const)("%s mends itself or is mended without us", (error) => {
    expect(retryAt(error, 1, NOW)).not.toBeNull();
  });

  it.each(["conflict", "invalid", "not-found", "invitation-expired"] as const)("%s waits for a person", (error) => {
    expect(retryAt(error, 1, NOW)).toBeNull();
  });
});

describe("when it is looked again whether an invitation was accepted", () => {
  it.each([[1, 1], [2, 2], [5, 16], [6, 30], [50, 30]])("after %i looks in %i minutes", (looks, minutes) => {
    expect(nextLookAt([invitation({ expiresAt: null })], looks, NOW)).toEqual(at(minutes * MINUTE));
  });

  it("and once when the first of them has just expired", () => {
    const waiting = [invitation({ expiresAt: at(20 * MINUTE) }), invitation({ expiresAt: at(7 * MINUTE) }), invitation({ expiresAt: at(-MINUTE) })];
    expect(nextLookAt(waiting, 50, NOW)).toEqual(at(7 * MINUTE + 1_000));
  });
});

describe("what an invitation is", () => {
  it.each([
    [{}, "pending"],
    [{ expiresAt: at(1) }, "pending"],
    [{ expiresAt: NOW }, "expired"],
    [{ expiresAt: at(-1), errand: Errand.RESEND }, "pending"],
    [{ expiresAt: null, sentAt: null, errand: Errand.INVITE }, "pending"],
    [{ state: InvitationState.REVOKED, expiresAt: at(-1) }, "revoked"],
    [{ state: InvitationState.ACCEPTED, expiresAt: at(-1) }, "accepted"],
  ])("%o is %s", (fields, state) => {
    expect(invitationStateAt(invitation(fields), NOW)).toBe(state);
  });

  it.each([
    ["Ada Lovelace", "Ada", "Lovelace"],
    ["  Ada   King Lovelace ", "Ada King", "Lovelace"],
    ["Prince", "Prince", ""],
  ])("%j is %j %j to Keycloak", (name, firstName, lastName) => {
    expect(invitedPerson(invitation({ name }))).toEqual({ email: "ada@acme.example", firstName, lastName });
  });

  it.each([
    ["nobody", [], "skipped", "skipped"],
    ["one to be sent", [invitation({ errand: Errand.INVITE, sentAt: null })], "pending", "pending"],
    ["one that is sent", [invitation()], "done", "pending"],
    ["one that was accepted", [invitation({ state: InvitationState.ACCEPTED })], "done", "done"],
    ["one that was accepted, whose role is still to be given", [invitation({ state: InvitationState.ACCEPTED, errand: Errand.GRANT })], "done", "pending"],
    ["one that has expired", [invitation({ state: InvitationState.EXPIRED })], "done", "failed"],
    ["one that was revoked", [invitation({ state: InvitationState.REVOKED })], "skipped", "skipped"],
    ["one that is still to be taken back", [invitation({ state: InvitationState.REVOKED, errand: Errand.WITHDRAW })], "pending", "skipped"],
    ["one accepted and one expired", [invitation({ state: InvitationState.ACCEPTED }), invitation({ state: InvitationState.EXPIRED })], "done", "done"],
    ["one accepted and one sent", [invitation({ state: InvitationState.ACCEPTED }), invitation()], "done", "pending"],
  ] as const)("%s leaves the steps %s", (_, invitations, sending, waiting) => {
    expect([invitationStep(invitations, NOW).state, verificationStep(invitations, NOW).state]).toEqual([sending, waiting]);
  });
});

describe("whose turn it is", () => {
  const DUE = { state: StepState.PENDING, nextAttemptAt: NOW };
  const WORKED_ON = { state: StepState.PENDING, nextAttemptAt: at(1) };
  const turn = (of: Partial<Tenant>, steps: ProvisioningStep[], invitations: Invitation[] = []) => nextTurn(situation(tenant(of), steps, invitations, NOW), NOW)?.step.step ?? null;
  const { ORGANIZATION, INVITATION, VERIFICATION } = StepName;
  const toSend = invitation({ errand: Errand.INVITE, sentAt: null });
  const toWithdraw = invitation({ errand: Errand.WITHDRAW, state: InvitationState.REVOKED });
  const toPromote = invitation({ errand: Errand.GRANT, state: InvitationState.ACCEPTED });
  const everything = [step(ORGANIZATION, { ...DUE, sentName: null, sentStatus: null }), step(INVITATION, DUE), step(VERIFICATION, DUE)];
  const settled = [step(ORGANIZATION), step(INVITATION), step(VERIFICATION)];
  const FROZEN = { status: TenantStatus.FROZEN, frozenAt: NOW };
  const NEW = { keycloakOrganizationId: null };

  it.each<[string, Partial<Tenant>, ProvisioningStep[], Invitation[], StepName | null]>([
    ["nothing was planned", {}, [], [], null],
    ["everything is due", NEW, everything, [toSend], ORGANIZATION],
    ["somebody makes the organisation", NEW, [step(ORGANIZATION, WORKED_ON), ...everything.slice(1)], [toSend], null],
    ["the organisation is there", {}, [step(ORGANIZATION), step(INVITATION, DUE), step(VERIFICATION)], [toSend], INVITATION],
    ["the organisation is there and cannot be renamed", {}, [step(ORGANIZATION, { state: StepState.FAILED }), step(INVITATION, DUE)], [toSend], INVITATION],
    ["nobody is to be invited", {}, [step(ORGANIZATION), step(INVITATION, DUE), step(VERIFICATION)], [], null],
    ["an invitation was sent", {}, [step(ORGANIZATION), step(INVITATION), step(VERIFICATION, DUE)], [invitation()], VERIFICATION],
    ["a role is to be given", {}, [step(ORGANIZATION), step(INVITATION, DUE), step(VERIFICATION, DUE)], [toPromote], VERIFICATION],
    ["everything is done", {}, settled, [], null],
    ["it has another name now", { name: "Acme & Co" }, settled, [], ORGANIZATION],
    ["it is frozen now", FROZEN, settled, [], ORGANIZATION],
    ["its trial has ended this moment", { status: TenantStatus.TRIAL, trialEndsAt: NOW }, settled, [], ORGANIZATION],
    ["somebody renames it already", { name: "Acme & Co" }, [step(ORGANIZATION, { nextAttemptAt: at(1) })], [], null],
    ["its rename failed for good", { name: "Acme & Co" }, [step(ORGANIZATION, { state: StepState.FAILED })], [], null],
    ["it is frozen and has no organisation", { ...FROZEN, ...NEW }, everything, [toSend], null],
    ["it is frozen and somebody was to be invited", FROZEN, [step(ORGANIZATION, { sentStatus: TenantStatus.FROZEN }), step(INVITATION, DUE)], [toSend], null],
    ["it is frozen and an invitation is to be taken back", FROZEN, [step(ORGANIZATION, { sentStatus: TenantStatus.FROZEN }), step(INVITATION, DUE)], [toSend, toWithdraw], INVITATION],
    ["it is frozen and a role is to be given", FROZEN, [step(ORGANIZATION, { sentStatus: TenantStatus.FROZEN }), step(VERIFICATION, DUE)], [toPromote], VERIFICATION],
    ["it is archived", { status: TenantStatus.ARCHIVED }, settled, [], ORGANIZATION],
    ["it is archived and that was told", { status: TenantStatus.ARCHIVED }, [step(ORGANIZATION, { sentStatus: TenantStatus.ARCHIVED }), step(INVITATION, DUE)], [toWithdraw], null],
    ["it is archived and never had an organisation", { status: TenantStatus.ARCHIVED, ...NEW }, everything, [], null],
  ])("when %s", (_, of, steps, invitations, expected) => {
    expect(turn(of, steps, invitations)).toBe(expected);
  });
});

describe("drift", () => {
  const organization = (fields: Partial<Organization> = {}): Organization => ({
    id: "o1", name: "Acme", alias: "acme", enabled: true, tenantId: "t1", attributes: { tenant_id: ["t1"], tenant_status: ["active"] }, redirectUrl: null, ...fields,
  });
  const both = (fields: Partial<Organization> = {}): Found => ({ mapped: organization(fields), own: organization(fields) });

  it.each<[string, Partial<Tenant>, Found, DriftKind[]]>([
    ["none", {}, both(), []],
    ["none, when the name was taken", {}, both({ name: "Acme (acme)" }), []],
    ["nothing there and nothing known", { keycloakOrganizationId: null }, { mapped: null, own: null }, [DriftKind.NOT_PROVISIONED]],
    ["one that is gone", {}, { mapped: null, own: null }, [DriftKind.ORGANIZATION_MISSING]],
    ["one that is gone from an archived tenant", { status: TenantStatus.ARCHIVED }, { mapped: null, own: null }, []],
    ["one that we do not know of", { keycloakOrganizationId: null }, { mapped: null, own: organization() }, [DriftKind.MAPPING_DIFFERS]],
    ["another one than we know of", {}, { mapped: organization({ tenantId: null }), own: organization({ id: "o2" }) }, [DriftKind.MAPPING_DIFFERS]],
    ["one that does not say whose it is", {}, { mapped: organization({ tenantId: null }), own: null }, [DriftKind.MAPPING_DIFFERS]],
    ["several", {}, { mapped: null, own: "several" }, [DriftKind.MAPPING_DIFFERS]],
    ["another name", {}, both({ name: "Bcme" }), [DriftKind.NAME_DIFFERS]],
    ["another status", {}, both({ attributes: { tenant_status: ["frozen"] } }), [DriftKind.STATUS_DIFFERS]],
    ["two statuses", {}, both({ attributes: { tenant_status: ["active", "active"] } }), [DriftKind.STATUS_DIFFERS]],
    ["no status", {}, both({ attributes: {} }), [DriftKind.STATUS_DIFFERS]],
    ["disabled", {}, both({ enabled: false }), [DriftKind.STATUS_DIFFERS]],
    ["another alias", {}, both({ alias: "bcme" }), [DriftKind.ALIAS_DIFFERS]],
    ["everything", {}, both({ name: "x", alias: "x", enabled: false }), [DriftKind.NAME_DIFFERS, DriftKind.STATUS_DIFFERS, DriftKind.ALIAS_DIFFERS]],
  ])("%s", (_, of, found, kinds) => {
    expect(driftOf(tenant(of), tenant(of).status, found)).toEqual(kinds);
  });
});
