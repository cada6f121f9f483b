/** Owns the way to an archive over plain HTTP: who may fetch it, and what the log tells of that. */
import { finished, type Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { faultFromDatabase } from "../kernel/database-fault.js";
import type { House } from "../kernel/doors.js";
import { errorBody } from "../kernel/error-format.js";
import { Fault, notFound } from "../kernel/fault.js";
import { RETRY_AFTER_SECONDS } from "../kernel/http-status.js";
import { archiveOf } from "./tenant-export.archive.js";
import { openDownloads, type DownloadBounds } from "./tenant-export.downloads.js";
import { doorsOf, findExport, pageOfFile, type AskedExport } from "./tenant-export.reads.js";
import { capabilityFrom, EXPORT_PATH, fileNameOf } from "./tenant-export.rules.js";

export interface ExportParts {
  house: House;
  now: () => Date;
  /** The time that one page may take. */
  operationMs: number;
  bounds?: Partial<DownloadBounds>;
}

type ExportRequest = FastifyRequest<{ Params: { "*": string } }>;

/**
 * `GET /exports/<capability>`, as often as needed until the address expires. Whatever is not a good one is a path like any other that
 * leads nowhere: expired, somebody else's, misspelt, or asked for with another method. A download that has begun may outlast its
 * address; it is cut off when the tenant is archived meanwhile, when the process leaves, and when it takes too long.
 *
 * Faults  UNAVAILABLE when too many are being fetched.
 */
export function exportEndpoint(app: FastifyInstance, { house, now, operationMs, bounds }: ExportParts): void {
  const downloads = openDownloads(bounds);

  async function fetchExport(request: ExportRequest, reply: FastifyReply): Promise<FastifyReply> {
    const capability = capabilityFrom(request.params["*"]);
    if (!capability) return leadsNowhere(reply);
    const doors = doorsOf(house, capability, request.id, operationMs);
    const asked = await findExport(doors, capability, now());
    if (!asked || asked.expiresAt <= now()) return leadsNowhere(reply);
    const conclude = async () => {
      const still = await findExport(doors, capability, now());
      if (!still) throw notFound("Tenant");
      return { tenant: still.tenant };
    };
    const archive = downloads.begin(capability.tenantId, () => archiveOf({ page: (file, after) => pageOfFile(doors, file, after), conclude, now }));
    tell(request, asked, archive);
    return reply
      .type("application/zip")
      .header("content-disposition", `attachment; filename="${fileNameOf(asked.tenant, now())}"`)
      .send(archive);
  }

  // Not a named part of the path: those are refused by their length, and this one only by what it is.
  app.get(`${EXPORT_PATH}*`, { exposeHeadRoute: false }, (request: ExportRequest, reply) =>
    fetchExport(request, reply).catch((thrown: unknown) => refuseForNow(reply, thrown)),
  );
  app.addHook("preClose", async () => downloads.end());
}

/** The answer to any path that is none of ours. */
function leadsNowhere(reply: FastifyReply): FastifyReply {
  reply.callNotFound();
  return reply;
}

/** What may succeed later says so; anything else is the server's own error handler's. */
function refuseForNow(reply: FastifyReply, thrown: unknown): FastifyReply {
  const fault = faultFromDatabase(thrown);
  if (!(fault instanceof Fault && fault.retryable)) throw thrown;
  reply.request.log.warn({ requestId: reply.request.id, principal: null, tenant: null, code: fault.code, err: fault.internal }, "request refused");
  return reply.code(503).header("retry-after", RETRY_AFTER_SECONDS).send(errorBody(fault.message, fault.code, { retryable: true }));
}

/** One line a download, when it is over. The address is in none: whoever reads a log must not be able to fetch anything. */
function tell({ id: requestId, log }: FastifyRequest, { id, requestedById, tenant }: AskedExport, archive: Readable): void {
  const started = performance.now();
  finished(archive, (err) => {
    const line = { requestId, principal: requestedById, tenant: tenant.id, export: id, durationMs: Math.round(performance.now() - started) };
    if (err) log.warn({ ...line, err }, "export cut off");
    else log.info(line, "export fetched");
  });
}
