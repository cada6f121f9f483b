/** Owns `/leaks`: leaked keys over plain HTTP and many at once, as scanners report what they find, because these ask no graph. */
import { createHash } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { demand } from "../kernel/access.js";
import { Fault } from "../kernel/fault.js";
import { plainPath } from "../kernel/plain-path.js";
import type { RequestContext } from "../kernel/request.js";
import { isWellFormed } from "../kernel/validation.js";
import type { Leak } from "./api-key-leak.desk.js";

export const LEAKS_PATH = "/leaks";
/** Reports in one request. */
export const MAX_LEAKS = 100;
/** What our keys are called among those of others. */
const TOKEN_TYPE = "tenant_registry_api_key";
const BODY_BYTES = 64 * 1024;

export interface LeaksEndpointParts {
  context(request: FastifyRequest): Promise<RequestContext>;
}

/** What a scanner learns of a key that it found; in the words of GitHub's partner program. */
interface LeakLabel {
  token_hash: string;
  token_type: typeof TOKEN_TYPE;
  label: "true_positive" | "false_positive";
}

/**
 * `POST /leaks` with `[{ "token", "url" }]`; answers in the same order. A key that was one of ours is revoked, or already was, and is a
 * true positive; whatever else is in a report is left alone.
 *
 * Faults  as `{ error: { code, message } }`: 400, 401, 403, and 503 when the same list is worth another try; what was revoked stays so.
 */
export function leaksEndpoint(app: FastifyInstance, { context }: LeaksEndpointParts): void {
  plainPath(app, { path: LEAKS_PATH, methods: ["POST"], bodyBytes: BODY_BYTES, context, answer: ({ body }, asked) => labelsFor(asked, body) });
}

async function labelsFor(context: RequestContext, body: unknown): Promise<LeakLabel[]> {
  demand(context.caller, "api_key.report_leak");
  if (context.principal.kind !== "service") throw new Fault("FORBIDDEN", "This is for services; ask the graph for reportLeakedApiKey");
  const leaks = leaksFrom(body);
  const outcomes = await context.facilities.leaks.report(context, leaks);
  const found = outcomes.filter((outcome) => outcome !== null);
  context.note({ reported: leaks.length, known: found.length, revoked: found.filter(({ revoked }) => revoked).length }, "leaks reported");
  return leaks.map(({ key }, at) => ({
    token_hash: createHash("sha256").update(key).digest("hex"),
    token_type: TOKEN_TYPE,
    label: outcomes[at] ? "true_positive" : "false_positive",
  }));
}

/** Faults: BAD_USER_INPUT when it is no list of reports; LIMIT_EXCEEDED when there are more than {@link MAX_LEAKS}. Neither quotes what was sent. */
function leaksFrom(body: unknown): Leak[] {
  if (!Array.isArray(body)) throw new Fault("BAD_USER_INPUT", "Send a list of reports");
  if (body.length > MAX_LEAKS) throw new Fault("LIMIT_EXCEEDED", `Report at most ${MAX_LEAKS} keys at once`);
  return body.map((report: unknown) => {
    if (typeof report !== "object" || report === null) throw new Fault("BAD_USER_INPUT", "Each report is an object");
    const { token, url = null } = report as Record<string, unknown>;
    if (typeof token !== "string") throw new Fault("BAD_USER_INPUT", "Each report has a token, as text", { field: "token" });
    if (url !== null && (typeof url !== "string" || !isWellFormed(url))) throw new Fault("BAD_USER_INPUT", "A url is well-formed text", { field: "url" });
    return { key: token, foundAt: url };
  });
}
