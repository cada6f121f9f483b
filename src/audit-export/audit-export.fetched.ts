/** Owns what is left behind when an export was fetched, or a part of it: one event in the tenant's log, and one line in the service's. */
import { isIP } from "node:net";
import { finished, type Readable } from "node:stream";
import type { FastifyRequest } from "fastify";
import { openDoors, type House, type RequestOrigin } from "../kernel/doors.js";
import { REGISTRY_ITSELF } from "../kernel/principal.js";
import type { Progress } from "./audit-export.content.js";
import type { AskedExport } from "./audit-export.rules.js";

export interface Fetch {
  asked: AskedExport;
  slug: string;
  progress: Progress;
  /** Behind which place it began. */
  from: number;
  request: FastifyRequest;
}

export interface FetchRecord {
  /** Record it once the stream is over, however it ends. */
  when(file: Readable, fetch: Fetch): void;
  /** When everything has been recorded that is over. */
  written(): Promise<void>;
}

/** Whoever has the address is nobody that is known: the event is the registry's, and says by whose leave. */
export function openFetchRecord(house: House, operationMs: number): FetchRecord {
  const underWay = new Set<Promise<void>>();

  async function write({ asked, slug, progress, from, request }: Fetch, complete: boolean): Promise<void> {
    const { id, tenantId, format, requestedById } = asked;
    const doors = openDoors(house, {
      principal: { ...REGISTRY_ITSELF, subject: "system:export" },
      origin: originOf(request),
      remainingMs: () => operationMs,
      committed: () => undefined,
    });
    await doors.within(tenantId).change("audit.fetch_export", async () => ({
      value: undefined,
      audit: [
        {
          target: { type: "audit_export", id, name: slug },
          metadata: { format, events: progress.events, from: String(from), upTo: String(progress.upTo), complete, requested_by: requestedById },
        },
      ],
    }));
  }

  return {
    when(file, fetch) {
      const { asked, progress, request } = fetch;
      const started = performance.now();
      const line = { requestId: request.id, principal: asked.requestedById, tenant: asked.tenantId, export: asked.id };
      const recorded = new Promise<void>((resolve) => {
        finished(file, (err) => {
          const told = { ...line, events: progress.events, durationMs: Math.round(performance.now() - started) };
          if (err) request.log.warn({ ...told, err }, "audit export cut off");
          else request.log.info(told, "audit export fetched");
          write(fetch, !err && progress.complete)
            .catch((failure: unknown) => request.log.error({ ...line, err: failure }, "it could not be recorded that an audit export was fetched"))
            .finally(resolve);
        });
      });
      underWay.add(recorded);
      void recorded.then(() => underWay.delete(recorded));
    },
    async written() {
      await Promise.all(underWay);
    },
  };
}

/** Facts of the request, as the log records them. A trusted router may pass on what is no address. */
export function originOf({ id, ip, headers }: FastifyRequest): RequestOrigin {
  return { requestId: id, sourceIp: isIP(ip) > 0 ? ip.replace(/%.*$/, "") : null, userAgent: headers["user-agent"]?.slice(0, 500) ?? null };
}
