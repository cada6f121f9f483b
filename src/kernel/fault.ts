/** Owns the closed set of failures a caller may see. Anything that is not a Fault is masked at the edge (`server.ts`). */

/** Every code that `extensions.code` can carry, with the HTTP-like meaning a portal developer expects. */
export const FAULT_CODES = [
  "UNAUTHENTICATED",
  "FORBIDDEN",
  "NOT_FOUND",
  "BAD_USER_INPUT",
  "CONFLICT",
  "FAILED_PRECONDITION",
  "TENANT_READ_ONLY",
  "LIMIT_EXCEEDED",
  "DEADLINE_EXCEEDED",
  "UNAVAILABLE",
  "INTERNAL_SERVER_ERROR",
] as const;

export type FaultCode = (typeof FAULT_CODES)[number];

/** Codes after which the same request may succeed unchanged; `extensions.retryable` is true for exactly these. */
const RETRYABLE: ReadonlySet<FaultCode> = new Set(["DEADLINE_EXCEEDED", "UNAVAILABLE"]);

export interface FaultDetail {
  /** The input field or header the caller should look at. */
  field?: string;
  /** For operators only: reaches the log, never the caller. */
  internal?: unknown;
}

/**
 * An expected failure. Throw it, do not return it: throwing is what rolls the transaction back.
 *
 * `message` is public and must not contain anything the caller did not already know. Where it was thrown is not kept: nobody looks for
 * the place of what is expected, and a thousand refusals at once would wait for a thousand stacks.
 */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly field: string | undefined;
  readonly internal: unknown;

  constructor(
    readonly code: FaultCode,
    message: string,
    detail: FaultDetail = {},
  ) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = stackTraceLimit;
    this.field = detail.field;
    this.internal = detail.internal;
  }

  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }
}

/** Absent and not-yours are the same answer, in the same words: use this for both. */
export function notFound(what: string): Fault {
  return new Fault("NOT_FOUND", `${what} not found`);
}

/** What `make` makes of a fault keeps no stack either. */
export function withoutStack<T>(make: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
