/** Owns the proof that an archive takes the same memory however much is in it: what was read and not yet taken is counted, whoever the reader is. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { archiveOf, type ArchiveParts } from "../../src/tenant-export/tenant-export.archive.js";
import { EXPORT_FILES, type ExportFile } from "../../src/tenant-export/tenant-export.files.js";
import { doorsOf, pageOfFile } from "../../src/tenant-export/tenant-export.reads.js";
import { openRegistry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld } from "../testkit/world.js";
import { linesOf, unzipped } from "../testkit/zip.js";
import { houseOf } from "../walls/visits.js";

const EVENTS = 100_000;
/** So many at once, within the time that a statement has. */
const BATCH = 5_000;
const MIB = 1024 * 1024;
const AUDIT_EVENTS = EXPORT_FILES.find(({ table }) => table === "audit_log") as ExportFile;

let app: Registry;
let tenant: TenantInWorld;
beforeAll(async () => {
  app = await openRegistry();
  tenant = await (await openWorld(app)).tenant();
  const insert = "insert into audit_log (tenant_id, action, metadata) select $1, 'x.x', jsonb_build_object('n', n, 'noise', md5(n::text)) from generate_series($2::int + 1, $2::int + $3::int) n";
  for (let from = 0; from < EVENTS; from += BATCH) await app.sql(insert, [tenant.id, from, BATCH]);
});
afterAll(() => app.close());

/** The archive of the tenant through the real read door, and how much of it was read so far. */
function counted() {
  const doors = doorsOf(houseOf(app), { tenantId: tenant.id, secret: "" }, randomUUID(), 10_000);
  const read = { pages: 0, bytes: 0 };
  const page: ArchiveParts["page"] = async (file, after) => {
    const page = await pageOfFile(doors, file, after);
    read.pages += 1;
    read.bytes += page.lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
    return page;
  };
  return { doors, read, archive: archiveOf({ page, conclude: async () => ({}), now: () => new Date() }) };
}

/** How many pages were read when no more are: in the time of a hundred, by the only clock that counts here, the database's answers. */
async function settled({ doors, read }: ReturnType<typeof counted>): Promise<number> {
  for (;;) {
    const before = read.pages;
    for (let n = 0; n < 100; n += 1) await pageOfFile(doors, AUDIT_EVENTS, null);
    if (read.pages === before) return before;
  }
}

describe("an archive of 100,000 audit events", () => {
  it("is whole, and never is more than 2 MiB of it read and not yet taken", async () => {
    const { read, archive } = counted();
    const chunks: Buffer[] = [];
    const steps: { read: number; taken: number }[] = [];
    let taken = 0;
    for await (const chunk of archive) {
      steps.push({ read: read.bytes, taken });
      chunks.push(chunk as Buffer);
      taken += (chunk as Buffer).length;
    }
    expect(linesOf(unzipped(Buffer.concat(chunks)), "audit-events.ndjson")).toHaveLength(EVENTS);
    expect(read.bytes).toBeGreaterThan(30 * MIB);
    // All rows are alike, so what was taken stands for as much of what was read as the whole does.
    const held = steps.map((step) => step.read - (step.taken * read.bytes) / taken);
    expect(Math.max(...held)).toBeLessThan(2 * MIB);
  });

  it("is not read on while its reader takes nothing, and not at all once the reader has gone", async () => {
    const download = counted();
    const { archive, read } = download;
    await new Promise((resolve) => archive.once("readable", resolve));
    // Of a thousand. They compress well, and so many fit into the few buffers on the way.
    expect(await settled(download)).toBeLessThan(100);
    const ahead = read.pages;
    archive.destroy();
    expect(await settled(download)).toBeLessThanOrEqual(ahead + 1);
  });
});
