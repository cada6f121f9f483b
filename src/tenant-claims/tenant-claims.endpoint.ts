/** Owns `/claims`: the claims of a tenant over plain HTTP, because what maps them into tokens asks no graph. Every answer is JSON of one shape. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { demand } from "../kernel/access.js";
import { Fault, notFound } from "../kernel/fault.js";
import { plainPath } from "../kernel/plain-path.js";
import type { RequestContext } from "../kernel/request.js";
import type { TenantClaims } from "./tenant-claims.answers.js";
import { claimsFor, type ClaimsQuestion } from "./tenant-claims.question.js";

export const CLAIMS_PATH = "/claims";

const BODY_BYTES = 4 * 1024;
const PARAMETERS = { tenantId: "tenant_id", organizationId: "org_id", alias: "alias" } as const;

export interface ClaimsEndpointParts {
  context(request: FastifyRequest): Promise<RequestContext>;
}

/**
 * `GET /claims?tenant_id=…`, or `org_id`, or `alias`; `POST` takes the same as JSON or as a form. Parameters that are none of the three
 * are left alone, because mappers add their own.
 *
 * Faults  as `{ error: { code, message } }`: 400, 401, 403, 404 for what is not there and for what could not be, 503 when it is worth
 *         another try. Whoever gets no claims must give no rights.
 */
export function claimsEndpoint(app: FastifyInstance, { context }: ClaimsEndpointParts): void {
  plainPath(app, {
    path: CLAIMS_PATH,
    methods: ["GET", "POST"],
    bodyBytes: BODY_BYTES,
    context,
    answer: async (request, asked) => plain(await claimsOf(request, asked)),
    parsers: (here) =>
      here.addContentTypeParser("application/x-www-form-urlencoded", { parseAs: "string" }, async (_request: FastifyRequest, body: string) => parametersOf(body)),
  });
}

async function claimsOf(request: FastifyRequest, context: RequestContext): Promise<TenantClaims> {
  const started = performance.now();
  demand(context.caller, "tenant_claims.read");
  if (context.principal.kind !== "service") throw new Fault("FORBIDDEN", "This is for services; ask the graph for tenantClaims");
  const claims = await claimsFor(context, questionFrom(request.method === "GET" ? request.query : request.body), PARAMETERS);
  if (!claims) throw notFound("Tenant");
  context.note({ about: claims.tenantId, stale: claims.stale, durationMs: Math.round((performance.now() - started) * 10) / 10 }, "claims told");
  return claims;
}

/** Faults: BAD_USER_INPUT when one of the three is given twice, or is no text. */
function questionFrom(given: unknown): ClaimsQuestion {
  if (typeof given !== "object" || given === null || Array.isArray(given)) throw new Fault("BAD_USER_INPUT", "Send a JSON object or a form");
  const entries = Object.entries(PARAMETERS).map(([name, parameter]) => {
    const value: unknown = Object.hasOwn(given, parameter) ? (given as Record<string, unknown>)[parameter] : undefined;
    if (value != null && typeof value !== "string") throw new Fault("BAD_USER_INPUT", `Give ${parameter} once, as text`, { field: parameter });
    return [name, value ?? null];
  });
  return Object.fromEntries(entries) as ClaimsQuestion;
}

/** What is given twice becomes a list, as in a query. */
function parametersOf(body: string): Record<string, string | string[]> {
  const form = new URLSearchParams(body);
  return Object.fromEntries([...new Set(form.keys())].map((name) => [name, form.getAll(name).length > 1 ? form.getAll(name) : (form.get(name) as string)]));
}

function plain({ tenantId, slug, status, plan, products, asOf, version, stale }: TenantClaims) {
  return {
    tenant_id: tenantId,
    slug,
    status,
    plan,
    products: products.map(({ key, source, validUntil }) => ({ key, source, valid_until: validUntil })),
    as_of: asOf,
    version,
    stale,
  };
}
