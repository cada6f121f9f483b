/** Owns `tenant-registry audit`: what it is told, what it prints, and its exit codes. It opens no database and reads no configuration. */
import { readFile, stat } from "node:fs/promises";
import { Command } from "commander";
import { readTwice } from "./audit-cli.input.js";
import { ProofError } from "./audit-proof/audit-proof.failure.js";
import { KeysRefusedError, publicKeysFrom, type PublicKeys } from "./audit-proof/audit-proof.keys.js";
import { checkProof, type Consistent, type Included } from "./audit-proof/audit-proof.prove.js";
import { verifyExport, type Verdict } from "./audit-proof/audit-proof.verify.js";
import { explain } from "./process/explain.js";

const [VALID, NOT_VALID, UNUSABLE] = [0, 1, 2];
/** Keys, proofs and kept checkpoints are read at once; this is a hundred thousand checkpoints. */
const LARGEST_BYTES = 64 * 1024 * 1024;

interface Options {
  publicKey: string;
  json?: true;
  checkpoint?: string[];
  event?: string;
}

/** What is wrong is a file or how it was named, and not the log. */
class UnusableError extends Error {}

export function auditCommand(): Command {
  const audit = new Command("audit").description("verify exports and proofs of an audit log, offline (exit code 0: valid, 1: not valid, 2: unusable input)");
  audit.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : UNUSABLE));
  audit
    .command("verify")
    .description("verify an export in NDJSON, and name the first bad position")
    .argument("<export...>", "files that are one export, in their order; - for standard input")
    .requiredOption("--public-key <file>", "the registry's public keys: JWK set, JWK or PEM")
    .option("--checkpoint <file>", "checkpoints that were kept elsewhere, one a line; may be given several times", several)
    .option("--json", "print the verdict as JSON")
    .action((files: string[], options: Options) => guarded(() => verify(files, options)));
  audit
    .command("prove")
    .description("check an inclusion or consistency proof, as the API answers it")
    .argument("<proof>", "file with the proof in JSON")
    .requiredOption("--public-key <file>", "the registry's public keys: JWK set, JWK or PEM")
    .option("--event <file>", "an export that has the event, to see that the proof is about it; - for standard input")
    .option("--json", "print the outcome as JSON")
    .action((file: string, options: Options) => guarded(() => prove(file, options)));
  return audit;
}

async function verify(files: readonly string[], { publicKey, checkpoint = [], json }: Options): Promise<number> {
  const keys = await keysIn(publicKey);
  const kept = (await Promise.all(checkpoint.map(checkpointsIn))).flat();
  const verdict = await readTwice(files, (source) => verifyExport(source, keys, kept));
  print(json ? JSON.stringify(verdict) : told(verdict, kept.length));
  return verdict.valid ? VALID : NOT_VALID;
}

async function prove(file: string, { publicKey, event, json }: Options): Promise<number> {
  const keys = await keysIn(publicKey);
  const proof = proofIn(file, await textOf(file));
  try {
    const outcome = event === undefined ? await checkProof(proof, keys) : await readTwice([event], (source) => checkProof(proof, keys, source()));
    print(json ? JSON.stringify({ valid: true, ...outcome, failure: null }) : toldOf(outcome));
    return VALID;
  } catch (error) {
    if (!(error instanceof ProofError)) throw error;
    const { reason, detail, position } = error;
    print(json ? JSON.stringify({ valid: false, failure: { position, reason, detail } }) : `The proof does not hold: ${reason}: ${detail}.`);
    return NOT_VALID;
  }
}

function told({ tenant, events, from, to, erased, checkpoints, unchecked, asOf, failure }: Verdict, kept: number): string {
  if (failure !== null) return `The log is not valid: ${failure.reason}${failure.position === null ? "" : ` at position ${failure.position}`}: ${failure.detail}. ${count(events, "event was", "events were")} read before that.`;
  const sentences = [`The log of tenant ${tenant} is valid: ${count(events, "event", "events")}${from === null ? "" : `, positions ${from} to ${to}`}, complete as of ${asOf}, ${count(checkpoints, "checkpoint", "checkpoints")}.`];
  if (erased > 0) sentences.push(`From ${count(erased, "event", "events")} a person was erased, and the log says so.`);
  if (unchecked > 0) sentences.push(`Of the kept checkpoints ${unchecked} ${unchecked === 1 ? "is" : "are"} about events that were purged, and could not be compared.`);
  if (kept === 0) sentences.push("No kept checkpoint was given: an older export, or a log that was made again with the registry's key, would pass as well.");
  return sentences.join("\n");
}

function toldOf(outcome: Included | Consistent): string {
  if (outcome.kind === "consistency") return `The proof holds: the log of checkpoint ${outcome.to.number} of ${outcome.to.time} begins with that of checkpoint ${outcome.from.number} of ${outcome.from.time}.`;
  const { position, leaf, event, checkpoint } = outcome;
  const what = event === null ? `an event with the hash ${leaf}` : `the event ${event}`;
  return `The proof holds: ${what} is at position ${position} of tenant ${checkpoint.tenant}'s log, as checkpoint ${checkpoint.number} of ${checkpoint.time} counts it.`;
}

async function keysIn(file: string): Promise<PublicKeys> {
  const text = await textOf(file);
  try {
    return publicKeysFrom(text);
  } catch (error) {
    if (error instanceof KeysRefusedError) throw new UnusableError(`${file} ${error.message}.`);
    throw error;
  }
}

/** As the registry's directory, its HTTP answer and a tenant's archive have them. None at all would be compared with nothing, in silence. */
async function checkpointsIn(file: string): Promise<string[]> {
  const text = await textOf(file);
  const found = text.split("\n").map((line) => line.trim()).filter(Boolean).flatMap((line) => {
    if (!line.startsWith("{")) return [line];
    const { signed, checkpoints } = objectIn(file, line);
    return [signed, checkpoints].flat().filter((one) => typeof one === "string");
  });
  if (found.length === 0) throw new UnusableError(`${file} holds no checkpoint.`);
  return found;
}

/** The proof alone, or a whole answer of the API that has one member. */
function proofIn(file: string, text: string): unknown {
  const value = objectIn(file, text);
  const proof = value["data"] === undefined ? value : Object.values(value["data"] ?? {})[0];
  if (typeof proof !== "object" || proof === null) throw new UnusableError(`${file} holds no proof: the registry had none to give.`);
  return proof;
}

function objectIn(file: string, text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below, like every other text that is no object.
  }
  throw new UnusableError(`${file} is no JSON that this command knows.`);
}

async function textOf(file: string): Promise<string> {
  if ((await stat(file)).size > LARGEST_BYTES) throw new UnusableError(`${file} is longer than ${LARGEST_BYTES} bytes.`);
  return readFile(file, "utf8");
}

/** Whatever goes wrong here says nothing about the log, so it must not look like a verdict; least of all like a good one, before there is any. */
async function guarded(work: () => Promise<number>): Promise<void> {
  process.exitCode = UNUSABLE;
  try {
    process.exitCode = await work();
  } catch (error) {
    const { code, path, syscall } = error as NodeJS.ErrnoException;
    const unread = syscall === undefined ? explain(error) : `${path ?? "A file"} cannot be read (${code}).`;
    const sentence = error instanceof UnusableError ? error.message : unread;
    process.stderr.write(`${sentence}\n`);
  }
}

const several = (file: string, files: readonly string[] = []): string[] => [...files, file];
const count = (number: number, one: string, many: string): string => `${number} ${number === 1 ? one : many}`;
const print = (text: string): void => void process.stdout.write(`${text}\n`);
