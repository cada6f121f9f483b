/** Owns the guarantees of the process's end that no request can show: a close that fails or hangs, and errors that nobody caught. */
import { afterEach, describe, expect, it } from "vitest";
import { startProgram, stopPrograms, type Program } from "../testkit/program.js";

afterEach(stopPrograms);

const DRAIN_MS = 50;

/** A process with nothing in it but the ending, and a statement of the test's. */
function processWith(statement: string): Promise<Program> {
  const program = `
    import { openLog } from "./dist/src/process/log.js";
    import { takeOverEnding } from "./dist/src/process/ending.js";
    const ending = takeOverEnding(openLog("info"), ${DRAIN_MS});
    setInterval(() => {}, 60_000);
    ${statement};
    process.stdout.write("up\\n");`;
  return startProgram(["--input-type=module", "--eval", program]);
}

async function endedBy(program: Program, signal: NodeJS.Signals) {
  await program.says(/up/);
  program.signal(signal);
  const { code } = await program.ended;
  return { code, last: program.log().at(-1)?.["msg"], errors: program.stderr };
}

describe("a signal", () => {
  it.each(["SIGTERM", "SIGINT"] as const)("%s waits for what is closed, and exits with 0", async (signal) => {
    const program = await processWith("ending.drainWith(async () => { process.stdout.write('closed\\n') })");
    expect(await endedBy(program, signal)).toEqual({ code: 0, last: "drained", errors: "" });
    expect(program.stdout).toContain("closed");
  });

  it("exits with 1 when closing fails", async () => {
    const program = await processWith("ending.drainWith(async () => { throw new Error('stuck') })");
    expect(await endedBy(program, "SIGTERM")).toEqual({ code: 1, last: "closing failed", errors: "" });
  });

  it("exits with 1 when closing never ends", async () => {
    const program = await processWith("ending.drainWith(() => new Promise(() => {}))");
    expect(await endedBy(program, "SIGTERM")).toEqual({ code: 1, last: "drain time is over; what is still under way is cut off", errors: "" });
  });

  it("exits with 0 when there is nothing to close yet", async () => {
    expect(await endedBy(await processWith("0"), "SIGTERM")).toMatchObject({ code: 0, last: "told to stop before the start was complete" });
  });
});

describe("an error that nobody caught", () => {
  it.each([
    ["an exception", "setImmediate(() => { throw new Error('surprise') })"],
    ["a rejection", "void Promise.reject(new Error('surprise'))"],
    ["an exception while draining", "ending.drainWith(() => new Promise(() => setImmediate(() => { throw new Error('surprise') }))); process.kill(process.pid, 'SIGTERM')"],
  ])("%s is logged as fatal before the process leaves with 1", async (_name, statement) => {
    const program = await processWith(statement);
    expect(await program.ended).toEqual({ code: 1, signal: null });
    expect(program.log().at(-1)).toMatchObject({ level: 60, msg: "uncaught error", err: { message: "surprise", stack: expect.stringContaining("at ") } });
    expect(program.stderr).toBe("");
  });
});
