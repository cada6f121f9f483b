/** Owns what a run does without something that part of the tests needs: it says so, loudly and last, or fails where nothing may be left out. */
import { appendFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Workers write down what they leave out, so that it can be said when everything else has been. */
const listOf = (run: string | undefined) => join(tmpdir(), `${run}.not-run`);

/** The title of the tests that are then not run. Throws when REQUIRE_EVERYTHING=1, as CI sets it: a machine without it has proven less. */
export function notRun(reason: string): string {
  if (process.env["REQUIRE_EVERYTHING"] === "1") throw new Error(`Nothing may be left out of this run, but: ${reason}`);
  appendFileSync(listOf(process.env["REGISTRY_TEST_RUN"]), `${reason}\n`);
  return `NOT RUN: ${reason}`;
}

/** Say at the end of a run what it left out, and why. */
export function tellWhatWasNotRun(run: string): void {
  const list = listOf(run);
  if (!existsSync(list)) return;
  const reasons = [...new Set(readFileSync(list, "utf8").trim().split("\n"))];
  rmSync(list);
  process.stderr.write(`\nNOT RUN, listed above as skipped:\n${reasons.map((reason) => `  - ${reason}`).join("\n")}\n`);
}
