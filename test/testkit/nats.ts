/** Owns a NATS server for tests: a process of their own on a port of its own, whose clients may do what they are given and nothing else. */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { connect, type NatsConnection } from "@nats-io/transport-node";

/** The subjects that a client may use; one without permissions may use all. */
export interface Permissions {
  publish: string[];
  subscribe: string[];
  /** It may also answer requests, wherever their inbox is. */
  allow_responses?: true;
}

export interface NatsServer {
  /** A client under its name. Answers to its requests come below `_INBOX_{name}`, which no other client has. */
  connect(name: string): Promise<NatsConnection>;
  /** End the clients, the server and what it wrote. */
  stop(): Promise<void>;
}

const STARTS_WITHIN_MS = 10_000;

/** The program, or null. A server that runs already is never used: it may let everybody do everything. */
export function findNatsServer(): string | null {
  if (process.platform === "win32") return null;
  const directories = [...(process.env["PATH"] ?? "").split(delimiter).filter(Boolean), "/usr/sbin", "/usr/local/bin", "/opt/homebrew/bin"];
  return directories.map((directory) => join(directory, "nats-server")).find((path) => existsSync(path)) ?? null;
}

/** The server's parent is a shell that reads from this process: when the read ends, even by kill -9, server and directory go. */
const SUPERVISOR = `
  directory=$1; shift
  "$@" & server=$!
  read -r _
  kill "$server" 2>/dev/null
  wait "$server"
  rm -rf "$directory"
`;

export async function startNats(binary: string, clients: Readonly<Record<string, Permissions | null>>): Promise<NatsServer> {
  const directory = await mkdtemp(join(tmpdir(), "registry-nats-"));
  const password = randomUUID();
  const users = Object.entries(clients).map(([user, permissions]) => ({ user, password, ...(permissions && { permissions }) }));
  const file = join(directory, "server.conf");
  await writeFile(file, JSON.stringify({ listen: "127.0.0.1:-1", authorization: { users } }), { mode: 0o600 });
  const shell = spawn("/bin/sh", ["-c", SUPERVISOR, "supervisor", directory, binary, "-c", file, "--ports_file_dir", directory], { stdio: ["pipe", "ignore", "pipe"] });
  let said = "";
  shell.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-4_000)));
  const ended = new Promise<void>((resolve) => shell.once("exit", () => resolve()));
  const end = async () => {
    shell.stdin.end();
    await ended;
  };
  const url = await urlIn(directory);
  if (url === null) {
    await end();
    throw new Error(`nats-server did not start:\n${said}`);
  }
  const open: NatsConnection[] = [];
  return {
    async connect(name) {
      const client = await connect({ servers: url, name, user: name, pass: password, inboxPrefix: `_INBOX_${name}`, reconnect: false });
      open.push(client);
      return client;
    },
    async stop() {
      await Promise.all(open.map((client) => client.close()));
      await end();
    },
  };
}

/** The server writes down where it listens as soon as it does, not in one step. */
async function urlIn(directory: string): Promise<string | null> {
  for (const until = Date.now() + STARTS_WITHIN_MS; Date.now() < until; await pause(20)) {
    const file = (await readdir(directory)).find((name) => name.endsWith(".ports"));
    const text = file === undefined ? "" : await readFile(join(directory, file), "utf8");
    const [url] = /nats:\/\/127\.0\.0\.1:\d+(?=")/.exec(text) ?? [];
    if (url !== undefined) return url;
  }
  return null;
}
