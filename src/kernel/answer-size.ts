/** Owns how large an answer may be, measured before a string of it exists. What may be asked for at all is `cost.ts`. */
import type { GraphQLFormattedError } from "graphql";
import { errorBody, INTERNAL_MESSAGE } from "./error-format.js";
import type { OperationListener, OperationPart } from "./operation-plugin.js";
import { Written } from "./twin-schema.js";

/**
 * The part that replaces an answer above `maxBytes` by one error, LIMIT_EXCEEDED. Cost counts fields, not the
 * characters in them, and a string beyond V8's own limit (512 MB) could not be built at all. A mutation has been done by then.
 *
 * An answer that JSON cannot express becomes one masked error with the request's id as its reference; Apollo Server would
 * answer 500 without a word in the log. Goes before the part that corrects statuses.
 */
export function answerSize(maxBytes: number): OperationPart {
  const listener: OperationListener = {
    willSendResponse({ contextValue, response: { body, http } }) {
      if (body.kind !== "single") return;
      const replaceBy = (status: number, { errors }: { errors: GraphQLFormattedError[] }) => {
        http.status = status;
        body.singleResult = { errors };
      };
      try {
        if (jsonBytes(body.singleResult, maxBytes) <= maxBytes) return;
        contextValue.log.warn({ code: "LIMIT_EXCEEDED", maxBytes }, "answer refused");
        replaceBy(400, errorBody(`Answer size exceeds the limit of ${maxBytes} bytes`, "LIMIT_EXCEEDED"));
      } catch (thrown) {
        contextValue.log.error({ err: thrown }, "internal error");
        replaceBy(500, errorBody(INTERNAL_MESSAGE, "INTERNAL_SERVER_ERROR", { reference: contextValue.requestId }));
      }
    },
  };
  return () => listener;
}

/** Neither escaped in JSON nor longer than a byte in UTF-8. */
const PLAIN = /^[ !#-[\]-~]*$/;
const NULL_BYTES = 4;
/** Where `JSON.stringify` is still far from the end of its stack, which it reaches at about 4,000; a document nests 15 fields. */
const MAX_DEPTH = 1_000;

/**
 * Bytes of `JSON.stringify(value)` in UTF-8, or some number above `enough` as soon as it is certain to be above: the work is
 * bounded by `enough`, however often the same object is in the answer.
 *
 * Faults   TypeError for a BigInt, RangeError for what is inside itself or nested deeper than 1,000, and whatever a `toJSON` throws.
 */
export function jsonBytes(value: unknown, enough: number, depth = 0): number {
  switch (typeof value) {
    case "string":
      return PLAIN.test(value) ? value.length + 2 : Buffer.byteLength(JSON.stringify(value));
    case "number":
      return Number.isFinite(value) ? String(value).length : NULL_BYTES;
    case "boolean":
      return value ? 4 : 5;
    case "bigint":
      throw new TypeError("JSON has no BigInt");
    case "object":
      if (value === null) return NULL_BYTES;
      if (depth > MAX_DEPTH) throw new RangeError(`nested deeper than ${MAX_DEPTH}`);
      if (value instanceof Written) return Buffer.byteLength(value.text);
      if (Array.isArray(value)) return listBytes(value, enough, depth + 1);
      if ("toJSON" in value && typeof value.toJSON === "function") return jsonBytes(value.toJSON(), enough, depth + 1);
      return objectBytes(value as Readonly<Record<string, unknown>>, enough, depth + 1);
    default:
      return NULL_BYTES; // in a list; from an object it is left out
  }
}

function listBytes(list: readonly unknown[], enough: number, depth: number): number {
  let bytes = 1 + Math.max(1, list.length); // brackets and commas
  for (const item of list) {
    bytes += jsonBytes(item, enough - bytes, depth);
    if (bytes > enough) break;
  }
  return bytes;
}

function objectBytes(object: Readonly<Record<string, unknown>>, enough: number, depth: number): number {
  let bytes = 1; // one brace; each member brings its comma, the last one the other brace instead
  for (const key of Object.keys(object)) {
    const value = object[key];
    if (value === undefined || typeof value === "function" || typeof value === "symbol") continue;
    bytes += jsonBytes(key, enough) + 2;
    bytes += jsonBytes(value, enough - bytes, depth);
    if (bytes > enough) break;
  }
  return Math.max(2, bytes);
}
