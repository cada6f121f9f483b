/** Owns what a tenant may do by itself about a product that it has not got: try it, or ask sales for it. No I/O. */
import type { ProductManifest } from "../catalog/catalog.js";
import { Fault } from "../kernel/fault.js";
import type { Entitlement } from "./entitlement.entity.js";
import { EntitlementReason, VerdictSource, type Verdict } from "./entitlement.verdict.js";

/** Why not, in the order in which it is looked at: of several reasons the first is told. */
export enum OfferRefusal {
  TENANT_ARCHIVED = "TENANT_ARCHIVED",
  TENANT_FROZEN = "TENANT_FROZEN",
  TENANT_DEMO = "TENANT_DEMO",
  ALREADY_ENTITLED = "ALREADY_ENTITLED",
  NO_TRIAL = "NO_TRIAL",
  TRIAL_USED = "TRIAL_USED",
  HELD_BEFORE = "HELD_BEFORE",
  NOT_REQUESTABLE = "NOT_REQUESTABLE",
  REQUEST_OPEN = "REQUEST_OPEN",
}

/** What a tenant has of a product and what became of it before. */
export interface OfferFacts {
  product: ProductManifest;
  verdict: Verdict;
  entitlement: Pick<Entitlement, "trialStartedAt"> | null;
}

/**
 * Why this tenant may not start the product's trial; null when it may. It may once, ever; and not at all when an operator ever decided
 * about the product, because what sales has taken back is not to be had again by oneself.
 */
export function whyNotTry({ product, verdict, entitlement }: OfferFacts): OfferRefusal | null {
  const standing = standingInTheWay(verdict);
  if (standing) return standing;
  if (verdict.granted) return OfferRefusal.ALREADY_ENTITLED;
  if (product.trialDays === null) return OfferRefusal.NO_TRIAL;
  if (!entitlement) return null;
  return entitlement.trialStartedAt ? OfferRefusal.TRIAL_USED : OfferRefusal.HELD_BEFORE;
}

/** Why this tenant may not ask sales for the product; null when it may. Who is trying it may, and so may who had it before. */
export function whyNotRequest({ product, verdict }: OfferFacts, requestIsOpen: boolean): OfferRefusal | null {
  const standing = standingInTheWay(verdict);
  if (standing) return standing;
  if (verdict.granted && verdict.source !== VerdictSource.TRIAL) return OfferRefusal.ALREADY_ENTITLED;
  if (!product.requestable) return OfferRefusal.NOT_REQUESTABLE;
  return requestIsOpen ? OfferRefusal.REQUEST_OPEN : null;
}

function standingInTheWay({ reason, demo }: Verdict): OfferRefusal | null {
  if (reason === EntitlementReason.TENANT_ARCHIVED) return OfferRefusal.TENANT_ARCHIVED;
  if (reason === EntitlementReason.TENANT_FROZEN) return OfferRefusal.TENANT_FROZEN;
  return demo ? OfferRefusal.TENANT_DEMO : null;
}

const SENTENCES: Readonly<Record<OfferRefusal, string>> = {
  [OfferRefusal.TENANT_ARCHIVED]: "The tenant is archived",
  [OfferRefusal.TENANT_FROZEN]: "The tenant is frozen",
  [OfferRefusal.TENANT_DEMO]: "A demo tenant neither tries nor buys",
  [OfferRefusal.ALREADY_ENTITLED]: "The tenant already has this product",
  [OfferRefusal.NO_TRIAL]: "This product has no trial",
  [OfferRefusal.TRIAL_USED]: "The tenant has used its trial of this product",
  [OfferRefusal.HELD_BEFORE]: "The tenant had this product before; ask for it instead",
  [OfferRefusal.NOT_REQUESTABLE]: "This product is not sold by itself",
  [OfferRefusal.REQUEST_OPEN]: "The tenant has already asked for this product",
};

/** The fault of a refusal, in words; `catalog` tells it as a code. */
export function offerRefused(refusal: OfferRefusal): Fault {
  return new Fault("FAILED_PRECONDITION", SENTENCES[refusal], { field: "product" });
}
