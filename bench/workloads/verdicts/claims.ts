/** Owns the questions about a tenant's claims, in the graph and over plain HTTP, as an identity provider asks at every login. */
import { readTenants } from "../../world/data-set.js";
import { tenantIdAt } from "../../world/tenant-id.js";
import type { Variant, Workload } from "../workload.js";
import { CATALOG, CLAIMS_SQL } from "./expectation.js";

function variantsOf(how: (tenantId: string) => Pick<Variant, "variables" | "get">): Variant[] {
  return readTenants(100).map(tenantIdAt).map((tenantId) => ({ sql: CLAIMS_SQL, values: [[tenantId], CATALOG], caller: { product: "crm" }, ...how(tenantId) }));
}

export const claims: Workload = {
  id: "claims",
  title: "tenantClaims",
  variants: variantsOf((tenantId) => ({ variables: { registry: { tenantId } } })),
  documents: {
    registry: "query ($tenantId: ID!) { tenantClaims(tenantId: $tenantId) { tenantId slug status plan products { key source validUntil } asOf version stale } }",
  },
  normal: { registry: ({ tenantClaims: { asOf, version, ...told } }) => whole(told, asOf, version) },
  varies: /(?<="asOf":")[^"]+/,
};

export const plainClaims: Workload = {
  id: "claims-http",
  title: "GET /claims",
  variants: variantsOf((tenantId) => ({ variables: {}, get: `/claims?tenant_id=${tenantId}` })),
  documents: {},
  normal: {
    registry: ({ tenant_id: tenantId, as_of: asOf, version, products, ...told }) => {
      const inTheGraph = products.map(({ key, source, valid_until: validUntil }: any) => ({ key, source: source.toUpperCase(), validUntil })); // any: see Workload.normal
      return whole({ tenantId, ...told, products: inTheGraph }, asOf, version);
    },
  },
  varies: /(?<="as_of":")[^"]+/,
};

/** When it was read and how it is called, nobody can know beforehand; that it is told, they can. */
function whole(told: object, asOf: unknown, version: unknown): object {
  return typeof version === "string" && version !== "" && !Number.isNaN(Date.parse(String(asOf))) ? told : { ...told, asOf, version };
}
