/** Owns the log lines of a GraphQL operation: one for each operation, and one for each failure that is ours. */
import type { GraphQLError } from "graphql";
import { codeOf, originalOf } from "./error-format.js";
import { Fault } from "./fault.js";
import type { OperationPart } from "./operation-plugin.js";
import type { RequestContext } from "./request.js";

const MAX_NAME_CHARACTERS = 100;

/**
 * The lines carry what the request's logger carries (request id, principal, tenant) and never variables or the document.
 * A masked error gets the request's id as its reference, which is how a caller's report is found in the log.
 */
export const operationLog: OperationPart = ({ request }) => {
  const started = performance.now();
  const codes = new Set<string>();
  return {
    didEncounterErrors({ errors, contextValue }) {
      for (const error of errors) codes.add(noted(error, contextValue));
    },
    willSendResponse({ contextValue, operation, operationName }) {
      contextValue.note(
        {
          operation: loggable(operationName ?? request.operationName),
          type: operation?.operation ?? null,
          durationMs: Math.round((performance.now() - started) * 10) / 10,
          ...(codes.size > 0 && { codes: [...codes] }),
        },
        "operation",
      );
    },
  };
};

/** The sender chooses names and aliases: as long as it likes and, where the document has no such operation, of any characters. */
function loggable(text: string | null | undefined): string | null {
  return text?.slice(0, MAX_NAME_CHARACTERS).replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, "?") ?? null;
}

function noted(error: GraphQLError, { log, requestId }: RequestContext): string {
  const original = originalOf(error);
  const code = codeOf(error);
  const path = loggable(error.path?.join("."));
  if (original instanceof Fault) {
    if (original.internal !== undefined) log.warn({ code, err: original.internal, path }, original.message);
  } else if (code === "INTERNAL_SERVER_ERROR") {
    error.extensions["reference"] = requestId;
    log.error({ err: original, path }, "internal error");
  }
  return code;
}
