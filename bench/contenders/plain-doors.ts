/** Owns doors without walls: the same statements, with no row security, no scope and no role. They exist in the benchmark alone. */
import { createHash } from "node:crypto";
import type pg from "pg";
import { Fault } from "../../src/kernel/fault.js";
import type { Doors, House, Visit } from "../../src/kernel/doors.js";

/** What `openDoors` makes, minus the walls. The data source must log in as someone whom row security does not bind. */
export function openPlainDoors({ dataSource, admit, record }: House, { principal, origin, committed }: Visit): Doors {
  const pool = (dataSource.driver as unknown as { master: pg.Pool }).master;
  const read = async <Row>({ text, values }: { text: string; values: unknown[] }) => (await pool.query({ name: nameOf(text), text, values })).rows as Row[];
  return {
    read,
    about: () => ({ read }),
    within(named) {
      const tenantId = named ?? principal?.tenantId;
      if (!principal || tenantId == null) throw new Fault("BAD_USER_INPUT", "Name the tenant to act in");
      return {
        tenantId,
        async change(action, work) {
          const scope = { action, tenantId, principal, origin };
          const value = await dataSource.transaction(async (tx) => {
            await admit(tx, scope);
            const outcome = await work(tx);
            if ("audit" in outcome) await record(tx, scope, outcome.audit);
            return outcome.value;
          });
          committed();
          return value;
        },
      };
    },
  };
}

const names = new Map<string, string>();

function nameOf(text: string): string {
  const name = names.get(text) ?? createHash("sha256").update(text).digest("base64url");
  names.set(text, name);
  return name;
}
