/** Owns how entitlements change: one function per action, each through the change door. */
import type { EntityManager } from "typeorm";
import { knownProduct, refuseUnfitProductConfig } from "../catalog/catalog.rules.js";
import { Fault, notFound } from "../kernel/fault.js";
import { once } from "../kernel/idempotency.js";
import { insertUnlessThere } from "../kernel/insert.js";
import type { RequestContext } from "../kernel/request.js";
import { changedFields, expectVersion, given, updateRow } from "../kernel/update.js";
import { Tenant } from "../tenant/tenant.entity.js";
import { Entitlement, EntitlementSource } from "./entitlement.entity.js";
import type { GrantEntitlementInput, StartTrialInput, UpdateEntitlementInput, WithdrawEntitlementInput } from "./entitlement.inputs.js";
import { OfferRefusal, offerRefused, whyNotTry } from "./entitlement.offers.js";
import { entitlementId, isInForce, isWithdrawn, refuseEndlessTrial, refusePastEnd, refuseUnfitConfig, trialEnd } from "./entitlement.rules.js";
import { hasEnded, verdictOf } from "./entitlement.verdict.js";

type Payload = { entitlement: Entitlement };

/**
 * Give a tenant a product, or give it back after a withdrawal or its end. What was a trial or came with the plan is then an operator's
 * decision; that there was a trial stays written.
 *
 * Faults  CONFLICT(product) when an operator gave it and it still counts; BAD_USER_INPUT(product | config | expiresAt), product when the catalogue does not
 *         know it, `config.<path>` when its schema refuses a setting; NOT_FOUND for an unknown tenant; CONFLICT(idempotencyKey) when the key was used for another grant.
 * Audit   `entitlement.grant`.
 */
export function grantEntitlement({ doors, facilities, now }: RequestContext, input: GrantEntitlementInput): Promise<Payload> {
  const { tenantId, product, config = {}, expiresAt = null } = input;
  refuseUnfitConfig(config);
  const home = doors.within(tenantId);
  return home.change(
    "entitlement.grant",
    async (tx) => {
      refuseUnfitProductConfig(facilities.catalog, product, config);
      refusePastEnd(expiresAt, now());
      const granted = { enabled: true, source: EntitlementSource.OVERRIDE, config, expiresAt };
      const first = await insertUnlessThere(tx, Entitlement, { ...granted, tenantId: home.tenantId, product });
      const entitlement = first ?? (await grantAgain(tx, home.tenantId, product, granted, now()));
      return { value: { entitlement }, audit: [{ ...about(entitlement), metadata: { again: first === null, expires_at: expiresAt } }] };
    },
    once("grantEntitlement", input, { entitlement: Entitlement }),
  );
}

/** The row is looked at only now: of a trial and a grant at the same moment the trial may have come first. */
async function grantAgain(tx: EntityManager, tenantId: string, product: string, granted: Partial<Entitlement>, now: Date): Promise<Entitlement> {
  const before = await find(tx, tenantId, product);
  if (!before || isInForce(before, now)) throw new Fault("CONFLICT", "The tenant already has this product", { field: "product" });
  return updateRow(tx, Entitlement, before, granted);
}

/**
 * Settings that stay as they are need not fit: a schema may have become stricter, or the product unknown, since they were given.
 *
 * Faults  NOT_FOUND; CONFLICT(expectedVersion); FAILED_PRECONDITION when it is withdrawn or has ended; BAD_USER_INPUT(product | config | expiresAt).
 * Audit   `entitlement.update` with the names of the changed fields; nothing when nothing changes.
 */
export function updateEntitlement({ doors, facilities, now }: RequestContext, input: UpdateEntitlementInput): Promise<Payload> {
  const { tenantId, product, expectedVersion, ...rest } = input;
  const changes = given(rest);
  refuseUnfitConfig(changes.config);
  refusePastEnd(changes.expiresAt, now());
  const home = doors.within(tenantId);
  return home.change("entitlement.update", async (tx) => {
    const entitlement = await find(tx, home.tenantId, product);
    if (!entitlement) throw notFound("Entitlement");
    expectVersion(entitlement, expectedVersion);
    if (!entitlement.enabled || hasEnded(entitlement, now())) throw new Fault("FAILED_PRECONDITION", "The entitlement is withdrawn or has ended; grant it again");
    refuseEndlessTrial(entitlement, changes.expiresAt);
    const changed = changedFields(entitlement, changes);
    if (changed.length === 0) return { value: { entitlement }, unaudited: "no-op" };
    if (changes.config && changed.includes("config")) refuseUnfitProductConfig(facilities.catalog, product, changes.config);
    await updateRow(tx, Entitlement, entitlement, changes);
    return { value: { entitlement }, audit: [{ ...about(entitlement), metadata: { changed } }] };
  });
}

/**
 * Take a product back; the row stays, so that its settings survive a later grant, and what only the plan gave gets one to be withdrawn
 * in. Withdrawing twice changes nothing.
 *
 * Faults  NOT_FOUND when neither a row nor the plan gives it; CONFLICT(expectedVersion).
 * Audit   `entitlement.withdraw`.
 */
export function withdrawEntitlement({ doors, facilities }: RequestContext, { tenantId, product, expectedVersion }: WithdrawEntitlementInput): Promise<Payload> {
  const home = doors.within(tenantId);
  return home.change("entitlement.withdraw", async (tx) => {
    const { plan } = await tx.findOneByOrFail(Tenant, { id: home.tenantId });
    if (facilities.catalog.plan(plan)?.products.has(product)) await insertUnlessThere(tx, Entitlement, { tenantId: home.tenantId, product });
    const entitlement = await find(tx, home.tenantId, product);
    if (!entitlement) throw notFound("Entitlement");
    expectVersion(entitlement, expectedVersion);
    if (isWithdrawn(entitlement)) return { value: { entitlement }, unaudited: "no-op" };
    await updateRow(tx, Entitlement, entitlement, { enabled: false, source: EntitlementSource.OVERRIDE });
    return { value: { entitlement }, audit: [about(entitlement)] };
  });
}

/**
 * Start a product's trial, which a tenant can do once, ever. Of several at once one starts it: the row that it writes stands in the way
 * of every other, also long after its end.
 *
 * Faults  FAILED_PRECONDITION(product) for whatever {@link whyNotTry} says; BAD_USER_INPUT(product) when the catalogue does not know it;
 *         TENANT_READ_ONLY; CONFLICT(idempotencyKey).
 * Audit   `entitlement.start_trial`.
 */
export function startTrial({ doors, facilities: { catalog }, now }: RequestContext, input: StartTrialInput): Promise<Payload> {
  const home = doors.within(input.tenantId);
  return home.change(
    "entitlement.start_trial",
    async (tx) => {
      const manifest = knownProduct(catalog, input.product);
      const start = now();
      const key = { tenantId: home.tenantId, product: manifest.key };
      const tenant = await tx.findOneByOrFail(Tenant, { id: home.tenantId });
      const whyNot = async () => {
        const before = await tx.findOneBy(Entitlement, key);
        return whyNotTry({ product: manifest, verdict: verdictOf({ tenant, product: manifest.key, entitlement: before, catalog, now: start }), entitlement: before });
      };
      const refusal = await whyNot();
      if (refusal) throw offerRefused(refusal);
      const trial = { source: EntitlementSource.TRIAL, trialStartedAt: start, expiresAt: trialEnd(start, manifest.trialDays ?? 0) };
      const entitlement = await insertUnlessThere(tx, Entitlement, { ...key, ...trial });
      if (!entitlement) throw offerRefused((await whyNot()) ?? OfferRefusal.TRIAL_USED);
      return { value: { entitlement }, audit: [{ ...about(entitlement), metadata: { expires_at: entitlement.expiresAt } }] };
    },
    once("startTrial", input, { entitlement: Entitlement }),
  );
}

function find(tx: EntityManager, tenantId: string, product: string): Promise<Entitlement | null> {
  return tx.findOne(Entitlement, { where: { tenantId, product }, lock: { mode: "for_no_key_update" } });
}

function about(entitlement: Entitlement) {
  const { product } = entitlement;
  return { target: { type: "entitlement", id: entitlementId(entitlement), name: product }, product: product };
}
