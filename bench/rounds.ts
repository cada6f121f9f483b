/** Owns the manner of a comparison: warm up first, then in every round another one begins. */
import type { Job } from "./load/job.js";
import type { Stage } from "./stage.js";

/** Compilers warm up by calls, not by seconds; a slow contender gets its calls too, within reason. */
const WARM_UP = { seconds: 2, answers: 4_000, turns: 5 };

export async function warmUp({ load }: Stage, job: Omit<Job, "seconds">): Promise<void> {
  let answers = 0;
  for (let turn = 0; turn < WARM_UP.turns && answers < WARM_UP.answers; turn++) answers += (await load.run({ ...job, seconds: WARM_UP.seconds })).answers;
}

/** Every round begins with another one, so that nobody always follows the same neighbour. */
export function rotated<T>(list: readonly T[], by: number): T[] {
  return list.map((_, i) => list[(i + by) % list.length] as T);
}
