/** Owns the way to an export of the audit log over plain HTTP: who may fetch it, and what is told when that goes wrong. */
import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Notary } from "../audit-chain/audit-chain.notary.js";
import { faultFromDatabase } from "../kernel/database-fault.js";
import type { House } from "../kernel/doors.js";
import { errorBody } from "../kernel/error-format.js";
import { Fault, type FaultCode } from "../kernel/fault.js";
import { RETRY_AFTER_SECONDS } from "../kernel/http-status.js";
import { openDownloads, type DownloadBounds } from "../tenant-export/tenant-export.downloads.js";
import { contentOf } from "./audit-export.content.js";
import { openFetchRecord, originOf } from "./audit-export.fetched.js";
import { doorsOf, extentOf, slugOf, type Extent } from "./audit-export.reads.js";
import { EXPORT_PATH, fileOf, placeIn, type AskedExport } from "./audit-export.rules.js";
import type { Tickets } from "./audit-export.tickets.js";
import { untilSettled } from "./audit-export.waiting.js";

export interface AuditExportParts {
  house: House;
  notary: Pick<Notary, "settle" | "cursor" | "logId" | "checkpoint">;
  tickets: Pick<Tickets, "read">;
  now: () => Date;
  /** The time that one look at the log may take. */
  operationMs: number;
  bounds?: Partial<DownloadBounds>;
}

type ExportRequest = FastifyRequest<{ Params: { "*": string }; Querystring: Record<string, unknown> }>;

const STATUS: Partial<Record<FaultCode, number>> = { BAD_USER_INPUT: 400, CONFLICT: 409, UNAVAILABLE: 503, DEADLINE_EXCEEDED: 503 };

/**
 * `GET /audit/exports/<ticket>`, as often as needed until the ticket expires; `?after=<position>` goes on behind an event. What is no
 * good ticket is a path like any other that leads nowhere. Each download, whole or not, is recorded in the tenant's log when it is over.
 *
 * Faults  BAD_USER_INPUT(after) for a place that the log has not; CONFLICT when it was purged since, so that a file that was begun cannot
 *         be continued; UNAVAILABLE when too many are being fetched.
 */
export function auditExportEndpoint(app: FastifyInstance, { house, notary, tickets, now, operationMs, bounds }: AuditExportParts): void {
  const downloads = openDownloads(bounds);
  const record = openFetchRecord(house, operationMs);

  async function fetchExport(request: ExportRequest, reply: FastifyReply): Promise<FastifyReply> {
    const asked = await tickets.read(request.params["*"]);
    if (!asked) return leadsNowhere(reply);
    const doors = doorsOf(house, asked.tenantId, originOf(request), operationMs);
    const slug = await slugOf(doors, asked.tenantId);
    if (slug === null) return leadsNowhere(reply);
    // What was done before this request is in the file.
    await untilSettled({ doors, notary, tenantId: asked.tenantId });
    const extent = await extentOf(doors, asked.tenantId);
    if (extent.head === 0) throw new Fault("UNAVAILABLE", "Nothing of this log has been settled yet, try again");
    const after = placeIn(request.query["after"]);
    if (after !== undefined) refuseToContinue(asked, extent, after);
    const { content, progress } = contentOf({ doors, notary, asked, extent, after, looking: () => heard(request) });
    const file = downloads.begin(asked.tenantId, () => Readable.from(content, { objectMode: false }));
    record.when(file, { asked, slug, progress, from: progress.upTo, request });
    const { name, mime } = fileOf(slug, asked.format, now());
    return reply.type(mime).header("content-disposition", `attachment; filename="${name}"`).send(file);
  }

  // Not a named part of the path: those are refused by their length, and this one only by what it is.
  app.get(`${EXPORT_PATH}*`, { exposeHeadRoute: false }, (request: ExportRequest, reply) => fetchExport(request, reply).catch((thrown: unknown) => refuse(reply, thrown)));
  app.addHook("preClose", async () => {
    downloads.end();
    await record.written();
  });
}

/** What began at another place than the log does now cannot be continued: what both say together would be no log that ever was. */
function refuseToContinue(asked: AskedExport, { purged, head }: Extent, after: number): void {
  if (purged !== asked.purged) throw new Fault("CONFLICT", "The oldest events have been deleted since this export was asked for: ask for another one, and begin anew", { field: "after" });
  if (after < purged || after > head) throw new Fault("BAD_USER_INPUT", "after must be the position of an event of this export", { field: "after" });
}

/** The reader has taken everything, and it is we who are silent while nothing is found: that is not held against it. */
function heard({ raw: { socket } }: FastifyRequest): void {
  if (socket.timeout !== undefined) socket.setTimeout(socket.timeout);
}

/** The answer to any path that is none of ours. */
function leadsNowhere(reply: FastifyReply): FastifyReply {
  reply.callNotFound();
  return reply;
}

/** Anything that is no refusal is the server's own error handler's. */
function refuse(reply: FastifyReply, thrown: unknown): FastifyReply {
  const fault = faultFromDatabase(thrown);
  const status = fault instanceof Fault ? STATUS[fault.code] : undefined;
  if (!(fault instanceof Fault) || status === undefined) throw thrown;
  reply.request.log.warn({ requestId: reply.request.id, principal: null, tenant: null, code: fault.code, err: fault.internal }, "request refused");
  if (fault.retryable) reply.header("retry-after", RETRY_AFTER_SECONDS);
  return reply.code(status).send(errorBody(fault.message, fault.code, fault.retryable ? { retryable: true } : {}));
}
