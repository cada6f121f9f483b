/** Owns the questions about entitlements: one check, as a product asks with each of its own requests, and batches up to the largest. */
import { PRODUCTS, readTenants } from "../../world/data-set.js";
import { tenantIdAt } from "../../world/tenant-id.js";
import type { Variant, Workload } from "../workload.js";
import { CATALOG, checksSql } from "./expectation.js";

const PRODUCT = "crm";
const SOLD = PRODUCTS.filter((product) => product !== "tickets");
const BATCH = 100;
const READ_ONLY = 900;
const VERDICT = "granted reason source limits validUntil";

export const check: Workload = {
  id: "check",
  title: "checkEntitlement, with settings",
  variants: readTenants(100).map(tenantIdAt).map((tenantId) => ({
    sql: checksSql({ settings: true }),
    values: [[tenantId], CATALOG, [PRODUCT]],
    caller: { product: PRODUCT },
    variables: { registry: { tenantId, product: PRODUCT } },
  })),
  documents: {
    registry: `query ($tenantId: ID!, $product: String!) { checkEntitlement(tenantId: $tenantId, product: $product) { tenantId product verdict { ${VERDICT} config } } }`,
  },
  normal: { registry: ({ checkEntitlement }) => [checkEntitlement] },
};

export const batchOfOne = batch({ id: "batch-1", title: "checkEntitlements, 100 tenants × 1 product", caller: { product: PRODUCT }, products: [PRODUCT], sets: 10 });

/** 500 of the 512 checks whose settings may be asked for at once. A service asks about its own product only; about several ask staff. */
export const batchWithSettings = batch({ id: "batch-5", title: "checkEntitlements, 100 × 5, with settings", caller: "operator", products: SOLD, settings: true, sets: 10 });

/** The catalogue sells fewer products, so the same are asked about again and again: what nobody has would be a cheaper answer. */
export const largestBatch = batch({
  id: "batch-100",
  title: "checkEntitlements, 100 × 100",
  caller: "operator",
  products: Array.from({ length: 100 }, (_, i) => SOLD[i % SOLD.length] as string),
  sets: 3,
});

interface Batch {
  id: string;
  title: string;
  caller: Variant["caller"];
  products: readonly string[];
  settings?: boolean;
  /** Different sets of tenants, asked about in turn. */
  sets: number;
}

function batch({ id, title, caller, products, settings = false, sets }: Batch): Workload {
  const ids = readTenants(READ_ONLY).map(tenantIdAt);
  return {
    id,
    title,
    variants: Array.from({ length: sets }, (_, set) => {
      const tenantIds = Array.from({ length: BATCH }, (_unused, i) => ids[(set * 83 + i * 7) % ids.length] as string);
      return { sql: checksSql({ settings }), values: [tenantIds, CATALOG, products], caller, variables: { registry: { input: { tenantIds, products } } } };
    }),
    documents: {
      registry: `query ($input: CheckEntitlementsInput!) { checkEntitlements(input: $input) {
        tenantId product verdict { ${VERDICT} ${settings ? "config" : ""} } error { code } } }`,
    },
    normal: {
      registry: ({ checkEntitlements }) => checkEntitlements.map(({ error, ...item }: any) => (error === null ? item : { ...item, error })), // any: see Workload.normal
    },
  };
}
