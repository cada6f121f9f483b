/** Owns the paths of Retraced's publisher, so that what was written for its client works unchanged. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { plainPath } from "../kernel/plain-path.js";
import { openRetracedCallers, type Errand, type RetracedCallerParts, type RetracedRequest } from "./retraced.callers.js";
import { answerTo } from "./retraced.graph.js";
import { listIn, publish } from "./retraced.publishing.js";
import { viewerTokenFor } from "./retraced.viewing.js";

/** What their clients are told as `endpoint`. */
export const RETRACED_PATH = "/auditlog";
/** Their project is our product. */
const PROJECT = `${RETRACED_PATH}/publisher/v1/project/:product`;

const BODY_BYTES = 256 * 1024;
const BULK_BYTES = 1024 * 1024;
const CREATED = 201;

/**
 * Under `/auditlog/publisher/v1/project/<product>`: `POST /event` with one event → `{ id, hash }`, `POST /event/bulk` with up to fifty →
 * a list of these, `GET /viewertoken` → `{ token }`, and `POST /graphql` with their search.
 *
 * Faults  as `{ error: { code, message, violations? } }`: 400, 401, 403, 404, 413, and 503 with Retry-After.
 */
export function retracedEndpoint(app: FastifyInstance, parts: RetracedCallerParts): void {
  const callerOf = openRetracedCallers(parts);
  const as = (errand: Errand) => (request: FastifyRequest): Promise<RetracedRequest> => callerOf(request, errand);
  const publishing = { methods: ["POST"] as const, status: CREATED, context: as("append") };
  plainPath(app, { ...publishing, path: `${PROJECT}/event`, bodyBytes: BODY_BYTES, answer: async ({ body }, asked) => (await publish(asked, [body]))[0] as object });
  plainPath(app, { ...publishing, path: `${PROJECT}/event/bulk`, bodyBytes: BULK_BYTES, answer: ({ body }, asked) => publish(asked, listIn(body)) });
  plainPath(app, {
    path: `${PROJECT}/viewertoken`,
    methods: ["GET"],
    bodyBytes: BODY_BYTES,
    context: as("make a viewer token"),
    answer: ({ query }, asked) => viewerTokenFor(asked, query),
  });
  plainPath(app, { path: `${PROJECT}/graphql`, methods: ["POST"], bodyBytes: BODY_BYTES, context: as("search"), answer: ({ body }, asked) => answerTo(asked, body) });
}
