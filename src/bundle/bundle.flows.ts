/** Owns which versions of a flow a bundle adds. No I/O. */
import type { JsonObject } from "../catalog/catalog.js";
import { canonicalJson } from "../kernel/canonical-json.js";
import type { FlowBundle, PresentFlow } from "./bundle.js";

/** Of one body the next version, if it is not the latest already; of a list, those that are not there yet. */
export function newVersions(flow: FlowBundle | undefined, present: PresentFlow | undefined): { number: number; body: JsonObject }[] {
  const latest = present?.latest ?? 0;
  if (flow === undefined) return [];
  if (isList(flow)) return flow.slice(latest).map((body, index) => ({ number: latest + index + 1, body }));
  return isSame(present?.bodies.get(latest), flow) ? [] : [{ number: latest + 1, body: flow }];
}

export function isList(flow: FlowBundle): flow is readonly JsonObject[] {
  return Array.isArray(flow);
}

/** By content: the order of members says nothing. */
export function isSame(one: unknown, other: unknown): boolean {
  return canonicalJson(one) === canonicalJson(other);
}
