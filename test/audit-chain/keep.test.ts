import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AuditCheckpointKind } from "../../src/audit-chain/audit-checkpoint.entity.js";
import type { Notary } from "../../src/audit-chain/audit-chain.notary.js";
import { notaryOf } from "../testkit/notary.js";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld, type World } from "../testkit/world.js";

let app: Registry;
let world: World;
let directory: string;
const errors: string[] = [];
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
  directory = await mkdtemp(join(tmpdir(), "checkpoints-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const keeping = (checkpointDirectory: string | null): Notary =>
  notaryOf(app, { checkpointDirectory, log: { info() {}, warn() {}, error: (...line: unknown[]) => void errors.push(String(line.at(-1))) } });
const fileOf = ({ id }: TenantInWorld) => join(directory, `${id}.jws`);

/** One more event, and what was signed of it. */
async function signed(notary: Notary, tenant: TenantInWorld): Promise<string> {
  await tenant.auditEvent();
  await notary.settle();
  return (await notary.checkpoint(tenant.id, AuditCheckpointKind.INTERVAL))?.signed ?? "";
}

describe("the directory of checkpoints", () => {
  it("has each checkpoint as a line of its tenant's file, in order, and nothing for a checkpoint that was there already", async () => {
    const [notary, tenant] = [keeping(directory), await world.tenant()];
    const lines = [await signed(notary, tenant), await signed(notary, tenant)];
    await notary.checkpoint(tenant.id, AuditCheckpointKind.INTERVAL);
    expect(await readFile(fileOf(tenant), "utf8")).toBe(lines.map((line) => `${line}\n`).join(""));
  });

  it("gets with the next one whatever it lacks: what was signed without it, more than one statement reads, and a line that broke off", async () => {
    const [notary, tenant] = [keeping(directory), await world.tenant()];
    const lines: string[] = [];
    for (let n = 0; n < 103; n++) lines.push(await signed(keeping(null), tenant));
    lines.push(await signed(notary, tenant));
    expect(await readFile(fileOf(tenant), "utf8")).toBe(lines.map((line) => `${line}\n`).join(""));
    const last = await signed(keeping(null), tenant);
    await appendFile(fileOf(tenant), last.slice(0, 100));
    const next = await signed(notary, tenant);
    expect(await readFile(fileOf(tenant), "utf8")).toBe([...lines, last.slice(0, 100), last, next].map((line) => `${line}\n`).join(""));
  });

  it("is not made and not waited for where it is missing: the checkpoint is stored, an error is logged, and what it lacked is there once it can be", async () => {
    const missing = join(directory, "volume");
    const [notary, tenant] = [keeping(missing), await world.tenant()];
    errors.length = 0;
    const first = await signed(notary, tenant);
    expect(await app.sql("select signed from audit_checkpoints where tenant_id = $1", [tenant.id])).toEqual([{ signed: first }]);
    expect(errors).toEqual(["a checkpoint could not be kept as a file; it will be appended with the next one"]);
    expect(await signed(keeping(directory), tenant)).not.toBe("");
    expect((await readFile(fileOf(tenant), "utf8")).split("\n")[0]).toBe(first);
  });

  it("keeps what is in a file that holds something else, and appends everything behind it", async () => {
    const [notary, tenant] = [keeping(directory), await world.tenant()];
    await writeFile(fileOf(tenant), "a.b.c\n");
    expect(await readFile(fileOf(tenant), "utf8")).toBe("a.b.c\n");
    const line = await signed(notary, tenant);
    expect(await readFile(fileOf(tenant), "utf8")).toBe(`a.b.c\n${line}\n`);
  });
});
