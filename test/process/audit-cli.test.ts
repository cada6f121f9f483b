/** Owns the guarantees of `tenant-registry audit`: one sentence or one JSON, and exit codes that tell a bad log from a bad file. */
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EventLine } from "../../src/audit-proof/audit-proof.export.js";
import { AuditLog, bytesOf } from "../testkit/audit-log.js";
import { built, PACKAGE } from "../testkit/built.js";
import { runCommand } from "../testkit/program.js";

const log = new AuditLog();
for (let position = 1; position <= 30; position++) {
  log.append();
  if (position === 10) log.checkpoint();
}
log.erase(4, ["actor", "text"]);
log.recordErasure([4, ["actor", "text"]]);
const LINES = log.export();
const BYTES = bytesOf(LINES);
const seventh = LINES[7] as EventLine;
const FORGED = bytesOf(LINES.with(7, { ...seventh, columns: { ...seventh.columns, action: "document.read" } }));
// The log went on after the export.
for (let more = 0; more < 9; more++) log.append();
log.checkpoint();

let directory: string;
const at = (name: string) => join(directory, name);
beforeAll(async () => {
  await built();
  directory = await mkdtemp(join(tmpdir(), "registry-audit-cli-"));
  await Promise.all(
    Object.entries({
      "keys.json": JSON.stringify({ keys: [log.key.publicJwk] }),
      "private.json": JSON.stringify({ ...log.key.privateKey.export({ format: "jwk" }), kid: "test" }),
      "log.ndjson": BYTES,
      "first.ndjson": BYTES.subarray(0, BYTES.indexOf("\n", 9_000) + 1),
      "rest.ndjson": BYTES.subarray(BYTES.indexOf("\n", 9_000) + 1),
      "forged.ndjson": FORGED,
      "kept.jws": `${log.checkpoints[0]}\n\n${log.checkpoints[1]}\n`,
      "kept.json": JSON.stringify({ checkpoints: log.checkpoints.slice(0, 2) }),
      "kept.ndjson": `${JSON.stringify({ number: "1", signed: log.checkpoints[0] })}\n`,
      "later.jws": `${log.checkpoints[2]}\n`,
      "nothing.jws": "\n",
      "proof.json": JSON.stringify(log.inclusionProof(7, 2)),
      "answer.json": JSON.stringify({ data: { auditConsistencyProof: log.consistencyProof(1, 2) } }),
      "null.json": JSON.stringify({ data: { auditInclusionProof: null } }),
      "wrong.json": JSON.stringify({ ...log.inclusionProof(7, 2), position: "8" }),
      "words.json": "hello",
    }).map(([name, content]) => writeFile(at(name), content)),
  );
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const audit = (command: string, ...args: readonly string[]) => runCommand(["audit", command, ...args.map((arg) => (/^[a-z]+\.\w+$/.test(arg) ? at(arg) : arg))]);
const KEYS = ["--public-key", "keys.json"];

describe("audit verify", () => {
  it("says in sentences what a valid log is, and what it cannot tell", async () => {
    const { code, stdout, stderr } = await audit("verify", "log.ndjson", ...KEYS);
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stderr: "",
      stdout:
        `The log of tenant ${log.tenant} is valid: 31 events, positions 1 to 31, complete as of 2026-01-01T00:20:00.000Z, 2 checkpoints.\n` +
        "From 1 event a person was erased, and the log says so.\n" +
        "No kept checkpoint was given: an older export, or a log that was made again with the registry's key, would pass as well.\n",
    });
  });

  it("says it in JSON", async () => {
    const { code, stdout } = await audit("verify", "log.ndjson", ...KEYS, "--checkpoint", "kept.jws", "--json");
    expect({ code, verdict: JSON.parse(stdout) as unknown }).toEqual({
      code: 0,
      verdict: { valid: true, tenant: log.tenant, log: log.log, events: 31, from: 1, to: 31, erased: 1, checkpoints: 2, unchecked: 0, asOf: "2026-01-01T00:20:00.000Z", failure: null },
    });
  });

  it.each(["kept.jws", "kept.json", "kept.ndjson"])("compares what was kept in %s", async (kept) => {
    expect((await audit("verify", "log.ndjson", ...KEYS, "--checkpoint", kept, "--checkpoint", kept)).code).toBe(0);
  });

  it("names the first bad position of a log that is not valid, and ends with 1", async () => {
    const { code, stdout, stderr } = await audit("verify", "forged.ndjson", ...KEYS);
    expect({ code, stderr, stdout }).toEqual({
      code: 1,
      stderr: "",
      stdout: "The log is not valid: content_changed at position 7: the event, or the one before it, is not what was chained here. 6 events were read before that.\n",
    });
  });

  it("misses a tail that a kept checkpoint counts", async () => {
    const { code, stdout } = await audit("verify", "log.ndjson", ...KEYS, "--checkpoint", "later.jws");
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringMatching(/^The log is not valid: tail_missing at position 32: checkpoint 3 of \S+ counts 40 events, and the log ends at 31\./) });
  });

  it("reads a download that went on later as one file, and half of it as none", async () => {
    expect((await audit("verify", "first.ndjson", "rest.ndjson", ...KEYS)).code).toBe(0);
    expect((await audit("verify", "first.ndjson", ...KEYS)).stdout).toMatch(/^The log is not valid: tail_missing at position \d+: the file has no last line\./);
    expect((await audit("verify", "rest.ndjson", ...KEYS)).stdout).toMatch(/^The log is not valid: no_log_line: /);
  });

  it("reads standard input, and leaves nothing behind", async () => {
    const before = (await readdir(tmpdir())).filter((name) => name.startsWith("tenant-registry-"));
    for (const [bytes, code] of [[BYTES, 0], [FORGED, 1], ["", 1]] as const) {
      const child = spawn(process.execPath, [`${PACKAGE}/dist/src/cli.js`, "audit", "verify", "-", "--public-key", at("keys.json")], { cwd: PACKAGE, stdio: ["pipe", "ignore", "ignore"] });
      const ended = new Promise((resolve) => child.once("close", resolve));
      child.stdin.end(bytes);
      expect(await ended).toBe(code);
    }
    expect((await readdir(tmpdir())).filter((name) => name.startsWith("tenant-registry-") && !before.includes(name))).toEqual([]);
  });
});

describe("audit prove", () => {
  it("says what a proof holds for", async () => {
    const { code, stdout } = await audit("prove", "proof.json", ...KEYS, "--event", "log.ndjson");
    expect({ code, stdout }).toEqual({ code: 0, stdout: `The proof holds: the event ${seventh.columns["uid"]} is at position 7 of tenant ${log.tenant}'s log, as checkpoint 2 of 2026-01-01T00:20:00.000Z counts it.\n` });
    expect((await audit("prove", "proof.json", ...KEYS)).stdout).toMatch(/^The proof holds: an event with the hash [0-9a-f]{64} is at position 7 /);
    expect((await audit("prove", "answer.json", ...KEYS)).stdout).toMatch(/^The proof holds: the log of checkpoint 2 of \S+ begins with that of checkpoint 1 of \S+\.\n$/);
    expect(JSON.parse((await audit("prove", "proof.json", ...KEYS, "--json")).stdout)).toMatchObject({ valid: true, kind: "inclusion", position: 7, checkpoint: { number: 2 }, failure: null });
  });

  it("says why it does not hold, and ends with 1", async () => {
    expect(await audit("prove", "wrong.json", ...KEYS)).toEqual({ code: 1, stderr: "", stdout: "The proof does not hold: not_included: checkpoint 2 counts no event with this hash at position 8.\n" });
    expect(await audit("prove", "proof.json", ...KEYS, "--event", "forged.ndjson")).toMatchObject({ code: 1, stdout: expect.stringMatching(/content_changed/) });
  });
});

describe("what says nothing about a log ends with 2, in one sentence on standard error", () => {
  it.each<[string[], RegExp]>([
    [["nonsense"], /^error: unknown command 'nonsense'\n/],
    [["verify", ...KEYS], /^error: missing required argument 'export'\n/],
    [["verify", "log.ndjson"], /^error: required option '--public-key <file>' not specified\n/],
    [["verify", "missing.ndjson", ...KEYS], /missing\.ndjson cannot be read \(ENOENT\)\.\n$/],
    [["verify", "log.ndjson", "--public-key", "missing.pem"], /missing\.pem cannot be read \(ENOENT\)\.\n$/],
    [["verify", "log.ndjson", "--public-key", "words.json"], /words\.json is no JWK, JWK set or PEM\.\n$/],
    [["verify", "log.ndjson", "--public-key", "private.json"], /private\.json holds a private key, which belongs to the registry alone\.\n$/],
    [["verify", "log.ndjson", ...KEYS, "--checkpoint", "nothing.jws"], /nothing\.jws holds no checkpoint\.\n$/],
    [["prove", "null.json", ...KEYS], /null\.json holds no proof: the registry had none to give\.\n$/],
    [["prove", "words.json", ...KEYS], /words\.json is no JSON that this command knows\.\n$/],
  ])("%j", async ([command = "", ...args], sentence) => {
    const { code, stdout, stderr } = await audit(command, ...args);
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toMatch(/^ +at /m);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  it("a directory is no export", async () => {
    expect(await audit("verify", directory, ...KEYS)).toEqual({ code: 2, stdout: "", stderr: "A file cannot be read (EISDIR).\n" });
  });

  it("help is no failure", async () => {
    for (const args of [["audit", "--help"], ["audit", "verify", "--help"]]) expect((await runCommand(args)).code).toBe(0);
  });
});
