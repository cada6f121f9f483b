/** Owns how the wall tests stand at the doors themselves: houses, visitors, and a look at the pool behind. */
import type pg from "pg";
import { recordChange } from "../../src/audit-event/audit-event.recorder.js";
import { openDoors, type Change, type Doors, type House, type Visit } from "../../src/kernel/doors.js";
import type { Principal } from "../../src/kernel/principal.js";
import { tenantAdmission } from "../../src/tenant/tenant.admission.js";
import type { Registry } from "../testkit/registry.js";

export const adminOf = (tenantId: string | null): Principal => ({ kind: "user", subject: `admin of ${tenantId}`, name: null, roles: ["admin"], tenantId });
export const operator = (tenantId: string | null = null): Principal => ({ kind: "platform", subject: "operator", name: null, roles: ["operator"], tenantId });
export const service: Principal = { kind: "service", subject: "crm", name: null, roles: ["service"], tenantId: null, product: "crm" };

export function houseOf({ dataSource }: Pick<Registry, "dataSource">, limits: Partial<House["limits"]> = {}): House {
  return {
    dataSource,
    admit: tenantAdmission(() => new Date()),
    record: recordChange,
    limits: { statementTimeoutMs: 5_000, maxWaiting: 1_000, ...limits },
  };
}

/** The doors as they stand open for one request of `principal`. */
export function visit(house: House, principal: Principal | null, { remainingMs = () => 10_000, committed = () => {} }: Partial<Visit> = {}): Doors {
  return openDoors(house, { principal, origin: { requestId: "walls", sourceIp: null, userAgent: null }, remainingMs, committed });
}

/** A change that leaves exactly one event and nothing else, for tests about the door and not about what goes through it. */
export const noted = <T>(value: T): Change<T> => ({ value, audit: [{ target: { type: "test", id: "noted", name: "noted" } }] });

export function poolOf({ dataSource }: Pick<Registry, "dataSource">): pg.Pool {
  return (dataSource.driver as unknown as { master: pg.Pool }).master;
}

/** What a plain query sees on every connection that the pool can have, when nobody is inside a door. */
export async function plainSessions(app: Pick<Registry, "dataSource">): Promise<unknown[]> {
  const pool = poolOf(app);
  const clients = await Promise.all(Array.from({ length: pool.options.max }, () => pool.connect()));
  try {
    const seen = await Promise.all(clients.map((client) => client.query(`
      select current_user as role, coalesce(current_setting('registry.tenant', true), '') as tenant,
        current_setting('transaction_read_only') as read_only, current_setting('default_transaction_read_only') as default_read_only,
        current_setting('statement_timeout') as statement_timeout`)));
    return seen.flatMap(({ rows }) => rows as unknown[]);
  } finally {
    for (const client of clients) client.release();
  }
}

/** The only thing that {@link plainSessions} may ever see. */
export const CLEAN = { role: "registry_service", tenant: "", read_only: "off", default_read_only: "off", statement_timeout: "5s" };
