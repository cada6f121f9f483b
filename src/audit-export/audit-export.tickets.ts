/** Owns the tickets by which exports are fetched: what was asked for, signed by the registry, so that nothing of it has to be stored. */
import { createPublicKey } from "node:crypto";
import { jwtVerify, SignJWT, type JWTHeaderParameters } from "jose";
import { AuditEventFilter } from "../audit-event/audit-event.inputs.js";
import type { SigningKey } from "../audit-proof/audit-proof.keys.js";
import type { AskedExport } from "./audit-export.rules.js";

declare module "../kernel/request.js" {
  interface Facilities {
    auditTickets: Tickets;
  }
}

export interface Tickets {
  issue(asked: AskedExport, expiresAt: Date): Promise<string>;
  /** What a ticket says; null for what is none, and for one whose time is over. */
  read(text: string): Promise<AskedExport | null>;
}

export interface TicketParts {
  /** The first one signs; tickets of all are taken. */
  keys: readonly [SigningKey, ...SigningKey[]];
  /** Who issues and takes them: the registry's own address. */
  issuer: string;
  now: () => Date;
}

/** As JSON has it: with times as text. */
type FilterText = Omit<AuditEventFilter, "from" | "until"> & { from?: string | null; until?: string | null };
type Told = Pick<AskedExport, "format" | "query" | "purged"> & { tenant: string; filter: FilterText | null };

/** Tells it from all else that these keys sign. */
const TYPE = "audit-export+jwt";
const AUDIENCE = "audit-export";
const ALGORITHM = "EdDSA";

export function openTickets({ keys, issuer, now }: TicketParts): Tickets {
  const [signing] = keys;
  const publicKeys = new Map(keys.map(({ id, privateKey }) => [id, createPublicKey(privateKey)]));

  function keyOf({ kid = "" }: Partial<JWTHeaderParameters>) {
    const key = publicKeys.get(kid);
    if (!key) throw new Error("the ticket names no key of ours");
    return key;
  }

  return {
    issue: ({ id, tenantId, requestedById, format, filter, query, purged }, expiresAt) =>
      new SignJWT({ tenant: tenantId, format, filter, query, purged })
        .setProtectedHeader({ alg: ALGORITHM, kid: signing.id, typ: TYPE })
        .setIssuer(issuer)
        .setAudience(AUDIENCE)
        .setSubject(requestedById)
        .setJti(id)
        .setIssuedAt(now())
        .setExpirationTime(expiresAt)
        .sign(signing.privateKey),
    async read(text) {
      try {
        const { payload } = await jwtVerify<Told>(text, keyOf, { algorithms: [ALGORITHM], typ: TYPE, issuer, audience: AUDIENCE, currentDate: now(), requiredClaims: ["sub", "jti", "exp"] });
        const { jti = "", sub = "", tenant, format, filter, query, purged } = payload;
        return { id: jti, tenantId: tenant, requestedById: sub, format, filter: filter && revived(filter), query, purged };
      } catch {
        // Why is nobody's business: the address leads nowhere.
        return null;
      }
    },
  };
}

function revived({ from, until, ...conditions }: FilterText): AuditEventFilter {
  return Object.assign(new AuditEventFilter(), conditions, { from: instant(from), until: instant(until) });
}

function instant(text: string | null | undefined): Date | null {
  return text == null ? null : new Date(text);
}
