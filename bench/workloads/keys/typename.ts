/** Owns the questions that verifying is compared with: the smallest there is, by the same services and by nobody. */
import type { BenchKey } from "../../world/key-set.js";
import { typename } from "../typename.js";
import type { Workload } from "../workload.js";

export function typenameOfServices(keys: readonly BenchKey[]): Workload {
  const [anonymous] = typename.variants;
  const services = [...new Set(keys.map(({ product }) => product))];
  return {
    ...typename,
    id: "typename-token",
    title: "{ __typename } with a token",
    variants: services.map((product) => ({ sql: anonymous?.sql ?? "", values: [], variables: {}, caller: { product } })),
  };
}

export const anonymousTypename: Workload = { ...typename, id: "typename", title: "{ __typename }, anonymous" };
