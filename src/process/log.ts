/** Owns the service's log: how it is opened, and what of an error may be written into it. What is worth a line is decided where it happens. */
import { pino, type DestinationStream, type Logger } from "pino";

const REDACTED = ["req.headers.authorization", "headers.authorization", "*.password", "*.secret", "*.token", "*.plaintext", "*.key"];
const DEEPEST = 4;
const MAX_TEXT = 2_000;

/** Lines are written together, a second late at most; pino writes what is left when the process leaves. A kill -9 takes them along. */
const BUFFERED_BYTES = 4_096;
const FLUSH_MS = 1_000;

/** JSON lines; to standard output unless a destination is given. */
export function openLog(level: string, destination?: DestinationStream): Logger {
  const options = { level, redact: REDACTED, serializers: { err: (error: unknown) => describeError(error) } };
  return pino(options, destination ?? pino.destination({ minLength: BUFFERED_BYTES, periodicFlush: FLUSH_MS, sync: false }));
}

/** SQLSTATE class "data exception": Postgres quotes the refused value in the message, nowhere else. */
const QUOTES_A_VALUE = /^22/;

/** Facts about a database error that name parts of the schema and never a row. */
const SCHEMA_FACTS = ["code", "schema", "table", "column", "constraint", "routine"] as const;

/**
 * An error as log fields, chosen rather than copied: database errors carry the statement's parameters and the offending row, and
 * libraries hang whole claims sets, requests and configurations on theirs.
 */
export function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return typeof error === "string" ? error.slice(0, MAX_TEXT) : { type: typeof error };
  const { driverError, internal, cause, errors, field } = error as Error & Partial<Record<"driverError" | "internal" | "cause" | "errors" | "field", unknown>>;
  const facts = Object.fromEntries(SCHEMA_FACTS.map((name) => [name, (error as unknown as Record<string, unknown>)[name]]).filter(([, value]) => typeof value === "string"));
  const code = typeof facts["code"] === "string" ? facts["code"] : (driverError as { code?: string } | undefined)?.code;
  const below = depth >= DEEPEST ? [] : Object.entries({ driverError, internal, cause }).filter(([, value]) => value !== undefined);
  return {
    type: error.name,
    message: code !== undefined && QUOTES_A_VALUE.test(code) ? "a value was refused" : error.message.slice(0, MAX_TEXT),
    ...facts,
    ...(typeof field === "string" && { field }),
    ...Object.fromEntries(below.map(([name, value]) => [name, describeError(value, depth + 1)])),
    ...(Array.isArray(errors) && depth < DEEPEST && { errors: errors.slice(0, 5).map((one) => describeError(one, depth + 1)) }),
    stack: framesOf(error),
  };
}

/** The stack without its first lines, which repeat the message. */
function framesOf({ stack = "" }: Error): string {
  return stack.split("\n").filter((line) => /^\s+at /.test(line)).join("\n");
}
