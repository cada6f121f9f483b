/**
 * Owns how claims are told in time: each tenant is read once for all who ask meanwhile, and when the database does not answer, what was
 * last known is told as such. A login waits for this, so it must neither hang nor let somebody in without rights that are true.
 */
import { LRUCache } from "lru-cache";
import type { FastifyBaseLogger } from "fastify";
import type { Catalog } from "../catalog/catalog.js";
import { faultFromDatabase } from "../kernel/database-fault.js";
import { Fault } from "../kernel/fault.js";
import type { TenantReference } from "../kernel/named-tenants.js";
import { LateError, within } from "../kernel/within.js";
import type { TenantClaims } from "./tenant-claims.answers.js";
import { readFacts, type FactsParts } from "./tenant-claims.reads.js";
import { claimsAt, type ClaimFacts } from "./tenant-claims.rules.js";

/**
 * How old what is told instead may be: about the life of a token, which says the same for as long. So long a freeze may go unseen by
 * an instance that has lost its database; stated in the README.
 */
const REMEMBER_MS = 300_000;
const REMEMBER_AT_MOST = 10_000;

export interface ClaimsTeller {
  /**
   * The tenant's claims; null when there is no such tenant.
   *
   * Faults  UNAVAILABLE when the database does not answer in time and nothing recent is known; never claims without products instead.
   */
  tell(reference: TenantReference): Promise<TenantClaims | null>;
}

declare module "../kernel/request.js" {
  interface Facilities {
    tenantClaims: ClaimsTeller;
  }
}

export interface TellerParts extends FactsParts {
  catalog: Catalog;
  log: Pick<FastifyBaseLogger, "warn" | "error">;
  /** From the question to the answer, whatever the database does. */
  budgetMs: number;
}

interface Flight {
  facts: Promise<ClaimFacts | null>;
  startedMs: number;
}

export function openClaimsTeller(parts: TellerParts): ClaimsTeller {
  const { catalog, now, log, budgetMs } = parts;
  const lastKnown = new LRUCache<string, ClaimFacts>({ max: REMEMBER_AT_MOST });
  const flights = new Map<string, Flight>();

  /** One that takes too long goes on, and is remembered when it arrives after all. */
  function flightOf(reference: TenantReference): Flight {
    const key = keyOf(reference);
    const underWay = flights.get(key);
    if (underWay) return underWay;
    const facts = readFacts(parts, reference, budgetMs)
      .then((read) => remember(key, read))
      .finally(() => flights.delete(key));
    // Also when everybody who waited for it has gone.
    facts.catch(() => undefined);
    const flight = { facts, startedMs: performance.now() };
    flights.set(key, flight);
    return flight;
  }

  function remember(key: string, facts: ClaimFacts | null): ClaimFacts | null {
    if (facts) lastKnown.set(key, facts);
    else lastKnown.delete(key);
    return facts;
  }

  function recent(reference: TenantReference): ClaimFacts | undefined {
    const facts = lastKnown.get(keyOf(reference));
    return facts && Math.abs(now().getTime() - facts.asOf.getTime()) < REMEMBER_MS ? facts : undefined;
  }

  return {
    async tell(reference) {
      const { facts: reading, startedMs } = flightOf(reference);
      try {
        // Who comes late to one that hangs does not wait as long again.
        const facts = await within(reading, Math.max(0, startedMs + budgetMs - performance.now()));
        return facts && claimsAt(facts, catalog, now(), false);
      } catch (err) {
        const failure = faultOf(err);
        const facts = recent(reference);
        if (!facts) throw failure;
        if (failure instanceof Fault) log.warn({ err }, "claims are told as they were last known");
        else log.error({ err }, "claims are told as they were last known");
        return claimsAt(facts, catalog, now(), true);
      }
    },
  };
}

/** Late for a login is not late for an operation: to the caller it is one and the same whether the database is slow or away. */
function faultOf(thrown: unknown): unknown {
  const fault = faultFromDatabase(thrown);
  const late = thrown instanceof LateError || (fault instanceof Fault && fault.code === "DEADLINE_EXCEEDED");
  return late ? new Fault("UNAVAILABLE", "The registry cannot tell the tenant's claims now, try again", { internal: thrown }) : fault;
}

function keyOf({ by, value }: TenantReference): string {
  return `${by}:${value}`;
}
