/** Owns how the rows of steps and invitations are held and written inside the change door. What is written is everybody else's business. */
import type { EntityManager } from "typeorm";
import { insertRow } from "../kernel/insert.js";
import { Invitation } from "./invitation.entity.js";
import { ProvisioningStep, StepName, StepState } from "./provisioning-step.entity.js";
import { invitationStep, verificationStep, type StepPatch } from "./provisioning.rules.js";

export type HeldSteps = ReadonlyMap<StepName, ProvisioningStep>;

/** The tenant's steps, held until the end of the transaction. */
export async function holdSteps(tx: EntityManager, tenantId: string): Promise<HeldSteps> {
  const steps = await tx.find(ProvisioningStep, { where: { tenantId }, order: { step: "ASC" }, lock: { mode: "for_no_key_update" } });
  return new Map(steps.map((step) => [step.step, step]));
}

/** One step, held until the end of the transaction; null when there is none. */
export function holdStep(tx: EntityManager, tenantId: string, step: StepName): Promise<ProvisioningStep | null> {
  return tx.findOne(ProvisioningStep, { where: { tenantId, step }, lock: { mode: "for_no_key_update" } });
}

/** The invitation, held until the end of the transaction; null when there is none. */
export function holdInvitation(tx: EntityManager, tenantId: string, id: string): Promise<Invitation | null> {
  return tx.findOne(Invitation, { where: { tenantId, id }, lock: { mode: "for_no_key_update" } });
}

/** Is this still the attempt that was begun, and has nobody settled the step or begun another one meanwhile? */
export function isSameAttempt(row: ProvisioningStep | null, { attempts, lastAttemptAt }: ProvisioningStep): row is ProvisioningStep {
  return row !== null && row.nextAttemptAt !== null && row.attempts === attempts && row.lastAttemptAt?.getTime() === lastAttemptAt?.getTime();
}

/** Change a step that is held. */
export async function changeStep(tx: EntityManager, { tenantId, step }: ProvisioningStep, patch: StepPatch): Promise<void> {
  await tx.update(ProvisioningStep, { tenantId, step }, patch);
}

/** Write a step, which may be the first thing that is known of it. */
export async function writeStep(tx: EntityManager, tenantId: string, step: StepName, held: HeldSteps, patch: StepPatch): Promise<void> {
  const before = held.get(step);
  if (before) await changeStep(tx, before, patch);
  else await insertRow(tx, ProvisioningStep, { tenantId, step, ...patch });
}

/**
 * Bring the two steps that are about people to what the tenant's invitations say. They are held before the invitations are read, so
 * that nobody settles by what was true before.
 */
export async function settlePeople(tx: EntityManager, tenantId: string, held: HeldSteps, now: Date): Promise<void> {
  const invitations = await tx.findBy(Invitation, { tenantId });
  for (const [name, standing] of [[StepName.INVITATION, invitationStep], [StepName.VERIFICATION, verificationStep]] as const) {
    const patch = standing(invitations, now);
    // What is done was completed when it was, and not when somebody looked again.
    if (held.get(name)?.state !== StepState.DONE || patch.state !== StepState.DONE) await writeStep(tx, tenantId, name, held, patch);
  }
}
