/** Owns workload (e): the smallest question, which measures what stands around every other; once without and once with a token. */
import { tenantIdAt } from "../world/tenant-id.js";
import type { Variant, Workload } from "./workload.js";

const SQL = `select '{"__typename":"Query"}' as json`;
const DOCUMENT = "{ __typename }";
const same = (data: unknown) => data;

function variantOf(caller: Variant["caller"]): Variant {
  return { sql: SQL, values: [], caller, variables: {} };
}

export const typename: Workload = {
  id: "e",
  title: "{ __typename }, anonymous",
  variants: [variantOf("anonymous")],
  documents: { registry: DOCUMENT, plain: DOCUMENT, postgraphile: DOCUMENT },
  normal: { registry: same, plain: same, postgraphile: same },
  pgbench: { setup: "", sql: SQL },
};

/** Only ours verifies tokens; the difference to (e) is what that costs. */
export const typenameWithToken: Workload = {
  id: "e-token",
  title: "{ __typename } with a verified token",
  variants: [variantOf({ tenantId: tenantIdAt(0) })],
  documents: { registry: DOCUMENT },
  normal: { registry: same },
};
