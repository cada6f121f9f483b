import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const run = promisify(execFile);
const HERE = fileURLToPath(new URL("..", import.meta.url));
const TSC = fileURLToPath(new URL("../../../node_modules/.bin/tsc", import.meta.url));

/** A product's folder: nothing in it but the package, unpacked from its archive. */
let product: string;
let installed: string;

beforeAll(async () => {
  product = await mkdtemp(join(tmpdir(), "tenant-names-"));
  installed = join(product, "node_modules", "tenant-names");
  await mkdir(installed, { recursive: true });
  await run("npm", ["pack", "--silent", "--offline", "--pack-destination", product], { cwd: HERE });
  const archive = (await readdir(product)).find((file) => file.endsWith(".tgz")) ?? "";
  await run("tar", ["-xzf", join(product, archive), "--strip-components=1", "-C", installed]);
});
afterAll(() => rm(product, { recursive: true, force: true }));

const readme = () => readFile(join(installed, "README.md"), "utf8");
const blockOf = (text: string, language: string) => new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(text)?.[1] ?? "";

describe("the package as a product installs it", () => {
  it("needs no other package, and brings its code, its types and its README, and nothing else", async () => {
    const manifest = JSON.parse(await readFile(join(installed, "package.json"), "utf8")) as Record<string, unknown>;
    expect(Object.keys(manifest).filter((member) => /dependencies/i.test(member))).toEqual([]);
    const files = await readdir(installed, { recursive: true });
    expect(files.filter((file) => !file.startsWith("dist/")).sort()).toEqual(["README.md", "dist", "package.json"]);
    const sources = (await readdir(join(HERE, "src"))).map((file) => file.replace(/\.ts$/, ""));
    expect(files.filter((file) => file.startsWith("dist/")).sort()).toEqual(sources.flatMap((name) => [`dist/${name}.d.ts`, `dist/${name}.js`]).sort());
  });

  it("imports nothing but itself, and uses nothing that only Node or only a browser has", async () => {
    for (const file of await readdir(join(installed, "dist"))) {
      const code = await readFile(join(installed, "dist", file), "utf8");
      const outside = [...code.matchAll(/(?:from|import\()\s*"([^"]+)"/g)].map(([, target = ""]) => target).filter((target) => !/^\.\/[a-z]+\.js$/.test(target));
      expect(outside, file).toEqual([]);
      expect(code.match(/\b(Buffer|process|TextEncoder|require|globalThis|window|atob|btoa)\b/g), file).toBeNull();
    }
  });

  it("runs the README's sample, which answers what it says", async () => {
    const sample = blockOf(await readme(), "js");
    await writeFile(join(product, "sample.mjs"), sample);
    const { stdout } = await run(process.execPath, ["sample.mjs"], { cwd: product, env: {} });
    const said = [...sample.matchAll(/console\.log\(.*\); \/\/ (.+)$/gm)].map(([, answer]) => answer);
    expect(said.length).toBeGreaterThan(3);
    expect(stdout.trimEnd().split("\n")).toEqual(said);
  });

  it.each(["nodenext", "bundler"])("gives a strict TypeScript product its types (%s)", async (resolution) => {
    await writeFile(join(product, "sample.mts"), blockOf(await readme(), "js"));
    const module = resolution === "bundler" ? "esnext" : "nodenext";
    const wrong = 'import { stateKey } from "tenant-names";\n// @ts-expect-error a context has an environment\nstateKey.print({ context: { tenant: "acme", team: null }, session: "1" });\n';
    await writeFile(join(product, "wrong.mts"), wrong);
    await writeFile(join(product, "console.d.ts"), "declare const console: { log(...shown: unknown[]): void };\n");
    const options = ["--ignoreConfig", "--noEmit", "--strict", "--target", "es2022", "--module", module, "--moduleResolution", resolution, "--types", "", "--lib", "es2023"];
    await run(TSC, [...options, "sample.mts", "wrong.mts", "console.d.ts"], { cwd: product }).catch(({ stdout }: { stdout: string }) => expect.unreachable(stdout));
  });
});
