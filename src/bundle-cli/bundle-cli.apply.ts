/** Owns the command `apply`: read the files, ask the registry what it would do, show that, and let it be done tenant by tenant. */
import { readBundles, type Bundles, type Desired } from "./bundle-cli.files.js";
import { NoAnswerError, type RegistryClient } from "./bundle-cli.client.js";
import { CommandRefusedError, ExitCode, type Terminal } from "./bundle-cli.outcome.js";
import { linesOf, type AnsweredStep } from "./bundle-cli.print.js";

export interface ApplyOptions {
  /** Whose the flows are that stand in files of their own. */
  readonly tenant?: string;
  readonly prune?: boolean;
  readonly dryRun?: boolean;
}

interface Answer {
  readonly steps: readonly AnsweredStep[];
  readonly kept: readonly AnsweredStep[];
  readonly problems: readonly { readonly place: readonly string[]; readonly rule: string }[];
}

const STEP = "kind what name before after";
const APPLY = `mutation Apply($input: ApplyBundleInput!) { applyBundle(input: $input) { steps { ${STEP} } kept { ${STEP} } problems { place rule } } }`;

/**
 * Make of the tenants what the files say. Every tenant is looked at before anything is done, and each is done in one transaction: what
 * stops in between leaves whole tenants done and the others as they were.
 *
 * Throws  {@link CommandRefusedError}
 */
export async function apply(registry: RegistryClient, files: readonly string[], { tenant, prune = false, dryRun = false }: ApplyOptions, { out }: Terminal): Promise<ExitCode> {
  const bundles = await readBundles(files, tenant);
  const ask = async ({ tenant: slug, content }: Desired, onlyLook: boolean): Promise<Answer> => {
    const { applyBundle } = await registry.run<{ applyBundle: Answer }>(APPLY, { input: { tenant: slug, content, create: true, prune, dryRun: onlyLook } });
    return applyBundle;
  };
  const plans = await looked(bundles, (desired) => ask(desired, true));
  for (const [{ tenant: slug }, { steps, kept }] of plans) out(linesOf(slug, steps, kept));
  const toDo = plans.filter(([, { steps }]) => steps.length > 0);
  if (dryRun) return toDo.length > 0 ? ExitCode.WOULD_CHANGE : ExitCode.DONE;
  const done: string[] = [];
  for (const [desired, plan] of toDo) {
    const { steps, kept } = await applied(bundles, desired, done, (one) => ask(one, false));
    done.push(desired.tenant);
    // Somebody else was at work between the look and this.
    if (JSON.stringify(steps) !== JSON.stringify(plan.steps)) out(`Meanwhile it had changed; what was done:\n${linesOf(desired.tenant, steps, kept)}`);
  }
  if (done.length > 0) out(`Done: ${done.join(", ")}.\n`);
  return ExitCode.DONE;
}

/** What would be done, of every tenant; all that is wrong is told at once. */
async function looked(bundles: Bundles, look: (desired: Desired) => Promise<Answer>): Promise<[Desired, Answer][]> {
  const plans: [Desired, Answer][] = [];
  for (const desired of bundles.tenants) plans.push([desired, await look(desired).catch((error: unknown) => refuse(error, desired.tenant, ExitCode.REFUSED))]);
  const problems = plans.flatMap(([{ tenant }, answer]) => answer.problems.map(({ place, rule }) => ({ tenant, place, rule })));
  if (problems.length > 0) throw bundles.refused(problems);
  return plans;
}

async function applied(bundles: Bundles, desired: Desired, done: readonly string[], work: (desired: Desired) => Promise<Answer>): Promise<Answer> {
  const halfway = done.length > 0 ? ExitCode.HALFWAY : ExitCode.REFUSED;
  const before = done.length > 0 ? `\nDone before: ${done.join(", ")}. Whoever applies again does not do that twice.` : "";
  const answer = await work(desired).catch((error: unknown) => {
    const isOpen = error instanceof NoAnswerError && !error.isCertain;
    return refuse(error, desired.tenant, isOpen ? ExitCode.HALFWAY : halfway, `${isOpen ? "\nIt may have been done all the same: apply again to see." : ""}${before}`);
  });
  if (answer.problems.length > 0) {
    const { message } = bundles.refused(answer.problems.map((problem) => ({ tenant: desired.tenant, ...problem })));
    throw new CommandRefusedError(`${message}${before}`, halfway);
  }
  return answer;
}

function refuse(error: unknown, tenant: string, exitCode: ExitCode, more = ""): never {
  if (error instanceof NoAnswerError) throw new CommandRefusedError(`${tenant}: ${error.message}${more}`, exitCode);
  throw error;
}
