/** Owns the composition of what keeps the audit log: its parts, its chain and checkpoints, its retention. */
import type { FastifyBaseLogger } from "fastify";
import { openNotary, type Notary } from "./audit-chain/audit-chain.notary.js";
import { auditParts } from "./audit-event/audit-event.parts.js";
import { openTickets } from "./audit-export/audit-export.tickets.js";
import { signingKeyFrom, type SigningKey } from "./audit-proof/audit-proof.keys.js";
import { openAuditPurge } from "./audit-retention/audit-retention.purge.js";
import { openAuditViewers } from "./audit-viewer/audit-viewer.viewers.js";
import { BOUNDS, type Config } from "./config.js";
import type { House } from "./kernel/doors.js";
import type { Facilities } from "./kernel/request.js";
import type { TenantDirectory } from "./tenant/tenant.directory.js";

export interface AuditParts {
  house: House;
  directory: TenantDirectory;
  config: Pick<Config, "audit" | "publicUrl">;
  now: () => Date;
  log: FastifyBaseLogger;
}

export interface Audit extends Pick<Notary, "start" | "settle" | "close"> {
  facilities: Pick<Facilities, "makeAuditParts" | "notary" | "auditKeys" | "signAuditCheckpoints" | "auditTickets" | "auditViewers" | "auditPurge">;
}

export function openAudit({ house, directory, config: { audit, publicUrl }, now, log }: AuditParts): Audit {
  const keys = signingKeysFrom(audit.keys);
  const notary = openNotary({ house, keys, checkpointDirectory: audit.checkpointDirectory, now, log });
  return {
    ...notary,
    facilities: {
      makeAuditParts: auditParts(house),
      notary,
      auditKeys: keys.map(({ publicJwk }) => publicJwk),
      signAuditCheckpoints: notary.checkpointGrown,
      auditViewers: openAuditViewers({ house, directory, keys, issuer: publicUrl, operationMs: BOUNDS.operationMs, now }),
      auditTickets: openTickets({ keys, issuer: publicUrl, now }),
      auditPurge: openAuditPurge(house),
    },
  };
}

/** The first one signs. */
function signingKeysFrom(seeds: Config["audit"]["keys"]): [SigningKey, ...SigningKey[]] {
  const [first, ...others] = seeds.map(({ id, seed }) => signingKeyFrom(id, seed));
  if (!first) throw new Error("the configuration has no audit signing key");
  return [first, ...others];
}
