/** Owns the commands about bundles as tests give them: against a registry under test, with what was told and how it ended. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apply, type ApplyOptions } from "../../src/bundle-cli/bundle-cli.apply.js";
import { openClient, type RegistryClient } from "../../src/bundle-cli/bundle-cli.client.js";
import { exportBundle } from "../../src/bundle-cli/bundle-cli.export.js";
import { ended, type ExitCode } from "../../src/bundle-cli/bundle-cli.outcome.js";
import type { Registry } from "./registry.js";
import { openWorld } from "./world.js";

/** The samples of seeds 001 and 002. */
export const fixture = (name: string) => join("test/fixtures/bundles", name);

export interface Told {
  code: ExitCode;
  out: string;
  error: string;
}

export interface Commands {
  apply(files: readonly string[], options?: ApplyOptions): Promise<Told>;
  export(slugs?: readonly string[], output?: string): Promise<Told>;
}

export async function commandsFor(app: Registry, client?: RegistryClient): Promise<Commands> {
  const registry = client ?? openClient(app.url, (await openWorld(app)).operator.token ?? "");
  const run = async (command: (terminal: { out(text: string): void; error(text: string): void }) => Promise<ExitCode>): Promise<Told> => {
    const told = { out: "", error: "" };
    const terminal = { out: (text: string) => void (told.out += text), error: (text: string) => void (told.error += text) };
    return { code: await ended(terminal, () => command(terminal)), ...told };
  };
  return {
    apply: (files, options = {}) => run((terminal) => apply(registry, files, options, terminal)),
    export: (slugs = [], output) => run((terminal) => exportBundle(registry, slugs, output, terminal)),
  };
}

/** A directory of its own for files that a test writes. */
export async function openScratch() {
  const directory = await mkdtemp(join(tmpdir(), "bundles-"));
  return {
    path: (name: string) => join(directory, name),
    async file(name: string, content: string | Buffer): Promise<string> {
      await writeFile(join(directory, name), content);
      return join(directory, name);
    },
    remove: () => rm(directory, { recursive: true }),
  };
}
