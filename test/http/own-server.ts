/** Owns servers of a test's own: the real HTTP face over the real schema, with the bounds and checks that the test chooses and no database. */
import type { FastifyRequest } from "fastify";
import type { Doors } from "../../src/kernel/doors.js";
import { openLog } from "../../src/process/log.js";
import { RequestContext, type Facilities } from "../../src/kernel/request.js";
import { buildRegistrySchema } from "../../src/schema.js";
import { buildServer, type RegistryServer, type ServerParts } from "../../src/server.js";

export interface OwnServer extends RegistryServer {
  url: string;
  logged: Record<string, unknown>[];
}

const { schema } = buildRegistrySchema();

/** Start one on a port of its own; `app.close()` ends it. */
export async function startServer(parts: Partial<ServerParts>): Promise<OwnServer> {
  const logged: OwnServer["logged"] = [];
  const log = openLog("debug", { write: (line: string) => void logged.push(JSON.parse(line)) });
  // No doors and no facilities: whoever is nobody never comes to them, nor is it counted for a tenant.
  const nobody = async ({ id, log }: FastifyRequest) => new RequestContext(id, log, null, {} as Doors, () => new Date(), {} as Facilities);
  const server = await buildServer({ schema, log, introspection: false, readiness: {}, context: nobody, ...parts });
  const url = await server.app.listen({ host: "127.0.0.1", port: 0 });
  return { ...server, url, logged };
}
