/** Owns the proof that an export of the audit log takes the same memory however long the log is: what was read and not yet taken is counted, whoever the reader is. */
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openNotary, type Notary } from "../../src/audit-chain/audit-chain.notary.js";
import { contentOf } from "../../src/audit-export/audit-export.content.js";
import { doorsOf, extentOf } from "../../src/audit-export/audit-export.reads.js";
import { AuditExportFormat, type AskedExport } from "../../src/audit-export/audit-export.rules.js";
import type { Doors } from "../../src/kernel/doors.js";
import { signingKeyFrom } from "../../src/audit-proof/audit-proof.keys.js";
import { verdictOn } from "../testkit/audit-export.js";
import { settleAll } from "../testkit/planted-events.js";
import { openRegistry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld } from "../testkit/world.js";
import { houseOf } from "../walls/visits.js";

const EVENTS = 30_000;
/** So many at once, within the time that a statement has. */
const BATCH = 5_000;
const LONG_EVENTS = 300;
const LONG_BYTES = 100_000;
const MIB = 1024 * 1024;

let app: Registry;
let notary: Notary;
let many: TenantInWorld;
let long: TenantInWorld;
beforeAll(async () => {
  app = await openRegistry();
  const world = await openWorld(app);
  [many, long] = [await world.tenant(), await world.tenant()];
  const [{ id, seed }] = app.config.audit.keys as [{ id: string; seed: Buffer }];
  notary = openNotary({ house: houseOf(app), keys: [signingKeyFrom(id, seed)], checkpointDirectory: null, now: () => new Date(), log: { info() {}, warn() {}, error() {} } });
  const insert = "insert into audit_log (tenant_id, action, metadata) select $1, 'x.x', jsonb_build_object('n', n, 'noise', md5(n::text)) from generate_series($2::int + 1, $2::int + $3::int) n";
  for (let from = 0; from < EVENTS; from += BATCH) {
    await app.sql(insert, [many.id, from, BATCH]);
    await notary.settle();
  }
  await app.sql("insert into audit_log (tenant_id, action, description) select $1, 'x.long', repeat('long', $3::int / 4) from generate_series(1, $2::int)", [long.id, LONG_EVENTS, LONG_BYTES]);
  await settleAll(app);
}, 240_000);
afterAll(() => app.close());

/** The export of a tenant through the real read door, how many rows were read for it, and how much of them was given out. */
async function counted({ id: tenantId }: TenantInWorld, format = AuditExportFormat.NDJSON) {
  const doors = doorsOf(houseOf(app), tenantId, { requestId: "memory", sourceIp: null, userAgent: null }, 10_000);
  const read = { statements: 0, rows: 0 };
  const counting: Doors = {
    ...doors,
    async read<Row>(statement: Parameters<Doors["read"]>[0]) {
      const rows = await doors.read<Row>(statement);
      read.statements += 1;
      read.rows += rows.length;
      return rows;
    },
  };
  const asked: AskedExport = { id: "memory", tenantId, requestedById: "memory", format, filter: null, query: null, purged: 0 };
  const { content, progress } = contentOf({ doors: counting, notary, asked, extent: await extentOf(doors, tenantId) });
  return { doors, read, progress, file: Readable.from(content, { objectMode: false }) };
}

/** Everything, as a reader takes it that is slower than the database; and the most that was read and not yet taken. */
async function taken({ read, file }: Awaited<ReturnType<typeof counted>>) {
  const chunks: Buffer[] = [];
  let [lines, mostRows, longest] = [0, 0, 0];
  for await (const chunk of file as AsyncIterable<Buffer>) {
    mostRows = Math.max(mostRows, read.rows - lines);
    chunks.push(chunk);
    lines += chunk.toString("latin1").split("\n").length - 1;
    longest = Math.max(longest, chunk.length);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { text: Buffer.concat(chunks).toString(), mostRows, longest };
}

describe("an export of many events", () => {
  it("is whole and can be verified, and never are more than three stretches of it read and not yet taken", async () => {
    const { text, mostRows, longest } = await taken(await counted(many));
    expect(text.length).toBeGreaterThan(20 * MIB);
    expect(await verdictOn(app, text)).toMatchObject({ valid: true, events: EVENTS });
    expect(mostRows).toBeLessThanOrEqual(3 * 1_024);
    expect(longest).toBeLessThan(2 * MIB);
  });

  it("as a table takes no more", async () => {
    const { text, mostRows } = await taken(await counted(many, AuditExportFormat.CSV));
    expect(text.split("\r\n")).toHaveLength(EVENTS + 2);
    expect(mostRows).toBeLessThanOrEqual(3 * 1_024);
  });

  it("that are long reads fewer of them at once", async () => {
    const { text, mostRows, longest } = await taken(await counted(long));
    expect(text.length).toBeGreaterThan(LONG_EVENTS * LONG_BYTES);
    expect(mostRows).toBeLessThan(60);
    expect(longest).toBeLessThan(2 * MIB);
  });

  it("is not read on while its reader takes nothing, and not at all once the reader has gone", async () => {
    const { doors, read, file } = await counted(many);
    /** When no more is read in the time of a hundred reads, by the only clock that counts here, the database's answers. */
    const settled = async () => {
      for (;;) {
        const before = read.statements;
        for (let n = 0; n < 100; n += 1) await extentOf(doors, many.id);
        if (read.statements === before) return read.rows;
      }
    };
    await new Promise((resolve) => file.once("readable", resolve));
    const ahead = await settled();
    expect(ahead).toBeLessThanOrEqual(3 * 1_024);
    file.destroy();
    expect(await settled()).toBe(ahead);
  });
});
