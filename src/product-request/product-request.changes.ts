/** Owns how product requests change: one function per action, each through the change door. */
import { knownProduct } from "../catalog/catalog.rules.js";
import { Entitlement } from "../entitlement/entitlement.entity.js";
import { OfferRefusal, offerRefused, whyNotRequest } from "../entitlement/entitlement.offers.js";
import { verdictOf } from "../entitlement/entitlement.verdict.js";
import { Fault, notFound } from "../kernel/fault.js";
import { once } from "../kernel/idempotency.js";
import { insertUnlessThere } from "../kernel/insert.js";
import type { RequestContext } from "../kernel/request.js";
import { expectVersion } from "../kernel/update.js";
import { Tenant } from "../tenant/tenant.entity.js";
import { ProductRequest, ProductRequestStatus } from "./product-request.entity.js";
import { ProductRequestOutcome, type DecideProductRequestInput, type RequestProductInput } from "./product-request.inputs.js";
import { productRequestReads } from "./product-request.reads.js";

type Payload = { productRequest: ProductRequest };

/**
 * Ask sales for a product. A tenant has one open request for it at a time; of several at once one opens it.
 *
 * Faults  FAILED_PRECONDITION(product) for whatever {@link whyNotRequest} says; BAD_USER_INPUT(product) when the catalogue does not
 *         know it; TENANT_READ_ONLY; CONFLICT(idempotencyKey).
 * Audit   `product_request.create`, without the message.
 */
export function requestProduct({ doors, facilities: { catalog }, now, principal }: RequestContext, input: RequestProductInput): Promise<Payload> {
  const home = doors.within(input.tenantId);
  return home.change(
    "product_request.create",
    async (tx) => {
      const manifest = knownProduct(catalog, input.product);
      const key = { tenantId: home.tenantId, product: manifest.key };
      const tenant = await tx.findOneByOrFail(Tenant, { id: home.tenantId });
      const entitlement = await tx.findOneBy(Entitlement, key);
      const verdict = verdictOf({ tenant, product: manifest.key, entitlement, catalog, now: now() });
      const refusal = whyNotRequest({ product: manifest, verdict, entitlement }, false);
      if (refusal) throw offerRefused(refusal);
      const asked = { message: input.message ?? null, requestedById: principal.subject, requestedByName: principal.name };
      const productRequest = await insertUnlessThere(tx, ProductRequest, { ...key, ...asked });
      if (!productRequest) throw offerRefused(OfferRefusal.REQUEST_OPEN);
      return { value: { productRequest }, audit: [about(productRequest)] };
    },
    once("requestProduct", input, { productRequest: ProductRequest }),
  );
}

const STATUS_OF_OUTCOME: Readonly<Record<ProductRequestOutcome, ProductRequestStatus>> = {
  [ProductRequestOutcome.WON]: ProductRequestStatus.WON,
  [ProductRequestOutcome.LOST]: ProductRequestStatus.LOST,
};

/**
 * Record what became of a request. It grants nothing: which settings and end a sale has is for `grantEntitlement` to say. Deciding the
 * same again changes nothing.
 *
 * Faults  NOT_FOUND; CONFLICT(expectedVersion); FAILED_PRECONDITION(id) when it was decided otherwise.
 * Audit   `product_request.decide`, without the note.
 */
export async function decideProductRequest({ reads, doors, now, principal }: RequestContext, input: DecideProductRequestInput): Promise<Payload> {
  const seen = await reads(productRequestReads).byId.load(input.id);
  if (!seen) throw notFound("Product request");
  const status = STATUS_OF_OUTCOME[input.outcome];
  return doors.within(seen.tenantId).change("product_request.decide", async (tx) => {
    const productRequest = await tx.findOne(ProductRequest, { where: { id: seen.id }, lock: { mode: "for_no_key_update" } });
    if (!productRequest) throw notFound("Product request");
    expectVersion(productRequest, input.expectedVersion);
    if (productRequest.status === status) return { value: { productRequest }, unaudited: "no-op" };
    if (productRequest.status !== ProductRequestStatus.OPEN) throw new Fault("FAILED_PRECONDITION", "The request has been decided", { field: "id" });
    await tx.save(Object.assign(productRequest, { status, decidedById: principal.subject, decidedAt: now(), note: input.note ?? null }));
    return { value: { productRequest }, audit: [{ ...about(productRequest), metadata: { outcome: status } }] };
  });
}

function about({ id, product }: ProductRequest) {
  return { target: { type: "product_request", id, name: product }, product };
}
