/** Owns `/audit/checkpoints` and `/.well-known/audit-keys.json`: what scripts that keep checkpoints ask for, without the graph. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { demand } from "../kernel/access.js";
import { Fault } from "../kernel/fault.js";
import { plainPath } from "../kernel/plain-path.js";
import type { Facilities, RequestContext } from "../kernel/request.js";
import { chainOf, MAX_CHECKPOINTS, numberFrom } from "./audit-chain.question.js";
import { auditChainReads } from "./audit-chain.reads.js";

export const CHECKPOINTS_PATH = "/audit/checkpoints";
export const KEYS_PATH = "/.well-known/audit-keys.json";

/** None is read; those of a method that has none are refused elsewhere. */
const BODY_BYTES = 1;

export interface AuditChainEndpointParts {
  context(request: FastifyRequest): Promise<RequestContext>;
  keys: Facilities["auditKeys"];
}

/**
 * `GET /audit/checkpoints?tenant=…&after=…`: the next checkpoints after that number, at most {@link MAX_CHECKPOINTS}, as they were signed.
 * Without a tenant it is the caller's own. Whoever asks again with the last number, until the list is empty, has them all.
 *
 * `GET /.well-known/audit-keys.json`: the public keys as a JWK set (RFC 7517), for anybody.
 *
 * Faults  of the first as `{ error: { code, message } }`: 400, 401, 403, and 503 when it is worth another try.
 */
export function auditChainEndpoint(app: FastifyInstance, { context, keys }: AuditChainEndpointParts): void {
  plainPath(app, { path: CHECKPOINTS_PATH, methods: ["GET"], bodyBytes: BODY_BYTES, context, answer: ({ query }, asked) => checkpointsFor(asked, query as Record<string, unknown>) });
  app.get(KEYS_PATH, { exposeHeadRoute: false }, (_request, reply) => reply.type("application/jwk-set+json").header("cache-control", "public, max-age=300").send(JSON.stringify({ keys })));
}

async function checkpointsFor({ caller, principal, reads }: RequestContext, query: Record<string, unknown>): Promise<{ checkpoints: string[] }> {
  demand(caller, "audit_event.read");
  const chain = chainOf(principal, parameter(query, "tenant"), "tenant");
  const after = numberFrom(parameter(query, "after") ?? "0", "after");
  return { checkpoints: chain === null ? [] : await reads(auditChainReads).signedAfter(chain, after, MAX_CHECKPOINTS) };
}

function parameter(query: Record<string, unknown>, name: string): string | null {
  const value = query[name] ?? null;
  if (value !== null && typeof value !== "string") throw new Fault("BAD_USER_INPUT", `Give ${name} once`, { field: name });
  return value;
}
