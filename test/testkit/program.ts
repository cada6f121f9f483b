/** Owns the built program as a process: started with an environment of its own, listened to, signalled, and never left behind. */
import { spawn, type ChildProcess } from "node:child_process";
import { built, PACKAGE } from "./built.js";

export interface Program {
  pid: number;
  stdout: string;
  stderr: string;
  /** Resolves with the match when standard output has it; rejects when the program ends without having said it. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  /** Lines of the log, parsed; what is not JSON is left out. */
  log(): Record<string, any>[]; // any: lines of pino, of which every test knows the members that it asks for
  signal(signal: NodeJS.Signals): void;
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const running = new Set<ChildProcess>();

/** Run `node <args>` in the package's directory. The environment is exactly what is given, and what a process cannot do without. */
export async function startProgram(args: readonly string[], environment: Environment = {}, cwd = PACKAGE): Promise<Program> {
  await built();
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, args, { cwd, env: { PATH, HOME, ...environment }, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  const waiting = new Set<() => void>();
  const program: Program = {
    pid: child.pid ?? 0,
    stdout: "",
    stderr: "",
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(program.stdout);
          if (found) resolve(found);
          else if (child.exitCode !== null || child.signalCode !== null) reject(new Error(`ended without saying ${pattern}\n${program.stdout}${program.stderr}`));
          else return;
          waiting.delete(look);
        };
        waiting.add(look);
        look();
      }),
    log: () => program.stdout.split("\n").filter((line) => line.startsWith('{"level"')).map((line) => JSON.parse(line) as Record<string, unknown>),
    signal: (signal) => void child.kill(signal),
    ended: new Promise((resolve) => {
      child.once("close", (code, signal) => {
        running.delete(child);
        for (const look of waiting) look();
        resolve({ code, signal });
      });
    }),
  };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    program.stdout += text;
    for (const look of waiting) look();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (program.stderr += text));
  return program;
}

/** The service. Ready when it says "Server listening"; in development when it has greeted. */
export function startService(environment: Environment, nodeArgs: readonly string[] = []): Promise<Program> {
  return startProgram([...nodeArgs, "dist/src/main.js"], environment);
}

/** The command line, run to its end. */
export async function runCommand(args: readonly string[], environment: Environment = {}, cwd = PACKAGE) {
  const program = await startProgram([`${PACKAGE}/dist/src/cli.js`, ...args], environment, cwd);
  const { code } = await program.ended;
  return { code, stdout: program.stdout, stderr: program.stderr };
}

/** Kill what tests have left running; for `afterEach`. */
export async function stopPrograms(): Promise<void> {
  await Promise.all([...running].map((child) => new Promise<void>((resolve) => {
    child.once("close", () => resolve());
    child.kill("SIGKILL");
  })));
}
