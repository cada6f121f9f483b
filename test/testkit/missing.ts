/** Owns what a run does without something that part of the tests needs: it says so in their title, or fails where nothing may be left out. */

/** The title of the tests that are then not run. Throws when REQUIRE_EVERYTHING=1, as CI sets it: a machine without it has proven less. */
export function notRun(reason: string): string {
  if (process.env["REQUIRE_EVERYTHING"] === "1") throw new Error(`Nothing may be left out of this run, but: ${reason}`);
  return `NOT RUN: ${reason}`;
}
