/** Owns the proof that `apply` can be cut off anywhere: the command or the service dies suddenly, and whoever applies again finishes. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { parse } from "yaml";
import { built } from "../testkit/built.js";
import { freePort } from "../testkit/cluster.js";
import { runCommand, startProgram, startService, stopPrograms, type Program } from "../testkit/program.js";

let directory: string;
beforeAll(async () => {
  await built();
  directory = await mkdtemp(join(tmpdir(), "registry-bundle-crash-"));
});
afterEach(stopPrograms);
afterAll(() => rm(directory, { recursive: true, force: true }));

const TENANTS = Array.from({ length: 30 }, (_, n) => `tenant-${n + 10}`);
const CONTENT = {
  name: "A tenant",
  settings: { language: "de" },
  environments: [{ id: "prod", name: "Production", cluster: "shared", flows: { greet: 2 } }],
  teams: { support: { name: "Support", channels: { telegram: { provider: "messaging-telegram", config: { chat_id: "1" } } } } },
  flows: { greet: [{ nodes: [{ id: "a", type: "reply" }] }, { nodes: [{ id: "b", type: "reply" }] }] },
};
/** As the service left it: made, and nothing else yet. */
const BEGUN = { name: "A tenant", environments: [], teams: {} };

/** The service has answered so many bundles; every tenant is looked at before the first is applied. */
const applied = (service: Program, tenants: number) =>
  vi.waitFor(() => expect(service.stdout.split('"operation":"Apply"').length).toBeGreaterThan(TENANTS.length + tenants), { timeout: 60_000, interval: 5 });

it("kill -9 of the command, then of the service, leaves every tenant whole or not begun on; the next run finishes", { timeout: 180_000 }, async () => {
  const environment = { DATA_DIR: join(directory, "data"), ADDR: `127.0.0.1:${await freePort()}`, LOG_LEVEL: "info" };
  const file = join(directory, "bundle.yaml");
  await writeFile(file, JSON.stringify({ tenants: Object.fromEntries(TENANTS.map((slug) => [slug, CONTENT])) }));
  const service = async () => {
    const program = await startService(environment);
    await program.says(/Its answer:/);
    return program;
  };
  const contents = async () => {
    const { code, stdout } = await runCommand(["export"], environment);
    expect(code).toBe(0);
    const { tenants } = parse(stdout) as { tenants: Record<string, unknown> };
    return TENANTS.map((slug) => tenants[slug]).filter((content) => content !== undefined);
  };
  /** Whole ones; how many, lies between these. */
  async function halfway(least: number): Promise<number> {
    const found = await contents();
    const whole = found.filter((content) => JSON.stringify(content) !== JSON.stringify(BEGUN));
    expect(whole).toEqual(whole.map(() => CONTENT));
    expect(found.length - whole.length).toBeLessThanOrEqual(1);
    expect(whole.length).toBeGreaterThanOrEqual(least);
    expect(found.length).toBeLessThan(TENANTS.length);
    return whole.length;
  }

  const first = await service();
  const command = await startProgram(["dist/src/cli.js", "apply", file], environment);
  await applied(first, 4);
  command.signal("SIGKILL");
  await command.ended;
  const done = await halfway(4);
  first.signal("SIGTERM");
  await first.ended;

  const second = await service();
  const again = await startProgram(["dist/src/cli.js", "apply", file], environment);
  await applied(second, 4);
  second.signal("SIGKILL");
  await second.ended;
  expect(await again.ended).toMatchObject({ code: 3 });
  expect(again.stderr).toMatch(/^tenant-\d+: The registry at \S+ cannot be reached \(\w+\)\.\n(?:It may have been done all the same: apply again to see\.\n)?Done before: tenant-[^]*Whoever applies again does not do that twice\.\n$/);

  await service();
  await halfway(done + 4);
  expect(await runCommand(["apply", file], environment)).toMatchObject({ code: 0, stderr: "" });
  expect(await contents()).toEqual(TENANTS.map(() => CONTENT));
  const { stdout } = await runCommand(["apply", file, "--prune"], environment);
  expect(stdout).toBe(TENANTS.map((slug) => `${slug}\n  no change\n`).join(""));
});
