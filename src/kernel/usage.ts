/** Owns how an operation is counted: for which tenant, where in it, and whether it failed. Who keeps the counts is the composition root's business. */
import type { OperationPart, OperationListener } from "./operation-plugin.js";
import type { RequestContext } from "./request.js";

export interface UsageNotes {
  /** An operation was answered. `environment` is its slug, or the empty text for none; `failed` says that the answer had an error. Added up in memory and no more. */
  note(tenantId: string, environment: string, failed: boolean): void;
}

declare module "./request.js" {
  interface Facilities {
    usage: UsageNotes;
  }
}

/** Counts every operation, refused ones too, by how it is answered in the end. Goes after the parts that may replace an answer. */
const listener: OperationListener = {
  willSendResponse({ contextValue, response: { body } }) {
    const failed = body.kind === "single" && (body.singleResult.errors?.length ?? 0) > 0;
    for (const [tenantId, environment] of whereOf(contextValue)) contextValue.facilities.usage.note(tenantId, environment, failed);
  },
};

export const operationUsage: OperationPart = () => listener;

/** Each place once, whichever teams it was for. Without a place it is the caller's tenant, if it acts in one; an operation of nobody's is not counted. */
function whereOf({ places, caller }: RequestContext): Iterable<readonly [tenantId: string, environment: string]> {
  if (places.length === 0) return caller?.tenantId ? [[caller.tenantId, ""]] : [];
  return new Map(places.map(({ tenantId, environment }) => [`${tenantId}/${environment}`, [tenantId, environment] as const])).values();
}
