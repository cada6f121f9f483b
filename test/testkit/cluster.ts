/** Owns a real PostgreSQL server for tests that need several sessions: a private one, or the one that DATABASE_URL names. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { notRun } from "./missing.js";
import { findPostgresBinaries, serverUser } from "./postgres-binaries.js";

export interface Cluster {
  /** A superuser's URL of the maintenance database; tests make their own with {@link Cluster.freshDatabase}. */
  url: string;
  /** True when the server is ours to stop; false for DATABASE_URL, where stop, restart and remove touch no server. */
  private: boolean;
  /** Make an empty database and return its URL; `remove` drops it. */
  freshDatabase(): Promise<string>;
  /** `immediate` is a crash: no checkpoint, recovery at the next start. The data stays. */
  stop(mode?: "fast" | "immediate"): Promise<void>;
  /** Start again on the same port and data, stopping first when still running. */
  restart(): Promise<void>;
  /** Stop for good and leave nothing behind. */
  remove(): Promise<void>;
}

/** Which letters belong together as upper and lower case; the C locale knows those of English only. */
const LETTERS = process.platform === "darwin" ? "en_US.UTF-8" : "C.UTF-8";

/** The title of tests for which {@link startCluster} returned null. */
export const noCluster = (): string => notRun("needs real sessions, and neither DATABASE_URL nor installed PostgreSQL binaries were found");

/** A server to connect to, or null when there is neither DATABASE_URL nor an installed PostgreSQL that may run here. `private` asks for one to stop and crash. */
export async function startCluster({ private: own = false } = {}): Promise<Cluster | null> {
  const given = own ? undefined : process.env["DATABASE_URL"];
  if (given) return withDatabases(given, { private: false, stop: async () => {}, restart: async () => {}, remove: async () => {} });
  const binaries = findPostgresBinaries();
  const user = serverUser();
  if (binaries === null || user === null) return null;
  return startPrivateCluster(binaries, user);
}

async function startPrivateCluster(binaries: string, user: { uid?: number; gid?: number }): Promise<Cluster> {
  const directory = await mkdtemp(join(tmpdir(), "registry-pg-"));
  const removeDirectory = () => rmSync(directory, { recursive: true, force: true });
  process.once("exit", removeDirectory);
  if (user.uid !== undefined && user.gid !== undefined) await chown(directory, user.uid, user.gid);
  const password = randomBytes(18).toString("base64url");
  const passwordFile = join(directory, "password");
  await writeFile(passwordFile, password);
  if (user.uid !== undefined && user.gid !== undefined) await chown(passwordFile, user.uid, user.gid);
  const data = join(directory, "data");
  await promisify(execFile)(
    join(binaries, "initdb"),
    ["-D", data, "-U", "postgres", "--encoding=UTF8", "--locale=C", `--lc-ctype=${LETTERS}`, "--auth=scram-sha-256", `--pwfile=${passwordFile}`, "--no-sync"],
    { ...user, cwd: directory },
  );
  const port = await freePort();
  const start = () => startServer(join(binaries, "postgres"), directory, data, port, user);
  let server: Server | null = await start();
  const stop = async (mode: "fast" | "immediate" = "fast") => {
    await server?.stop(mode);
    server = null;
  };
  return withDatabases(`postgres://postgres:${password}@127.0.0.1:${port}/postgres`, {
    private: true,
    stop,
    restart: async () => {
      await stop();
      server = await start();
    },
    remove: async () => {
      await stop("immediate");
      await rm(directory, { recursive: true, force: true });
      process.off("exit", removeDirectory);
    },
  });
}

interface Server {
  stop(mode: "fast" | "immediate"): Promise<void>;
}

/**
 * The server's parent is a shell that reads from this process: when this process is gone, even by kill -9, the read ends,
 * the server is stopped and its directory removed. One line with a signal's name is the polite way to stop it.
 */
const SUPERVISOR = `
  directory=$1; shift
  exec 3<&0
  "$@" & server=$!
  ( read -r signal <&3 || { signal=QUIT; : > "$directory/abandoned"; }; kill -s "$signal" "$server" ) & reader=$!
  wait "$server"
  kill "$reader" 2>/dev/null
  if [ -e "$directory/abandoned" ]; then rm -rf "$directory"; fi
`;

async function startServer(
  postgres: string,
  directory: string,
  data: string,
  port: number,
  user: { uid?: number; gid?: number },
): Promise<Server> {
  const settings = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: directory,
    // What is acknowledged must survive the death of processes, not of the machine.
    fsync: "off",
    shared_buffers: "32MB",
    max_connections: "60",
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const shell = spawn("/bin/sh", ["-c", SUPERVISOR, "supervisor", directory, postgres, "-D", data, ...flags], {
    ...user,
    cwd: directory,
    stdio: ["pipe", "ignore", "pipe"],
  });
  const ended = new Promise<void>((resolve) => shell.once("exit", () => resolve()));
  await ready(shell);
  return {
    stop: async (mode) => {
      shell.stdin?.write(mode === "immediate" ? "QUIT\n" : "INT\n");
      await ended;
    },
  };
}

function ready(shell: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = "";
    shell.stderr?.setEncoding("utf8").on("data", (text: string) => {
      log = (log + text).slice(-4_000);
      if (log.includes("ready to accept connections")) resolve();
    });
    shell.once("error", reject);
    shell.once("exit", () => reject(new Error(`PostgreSQL ended instead of starting:\n${log}`)));
  });
}

/** A port of the loopback address that nothing listens on. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === "string") throw new Error("The operating system gave no port.");
  return address.port;
}

function withDatabases(url: string, server: Omit<Cluster, "url" | "freshDatabase">): Cluster {
  const made: string[] = [];
  return {
    ...server,
    url,
    freshDatabase: async () => {
      const name = `registry_test_${randomUUID().replaceAll("-", "")}`;
      await execute(url, `CREATE DATABASE ${name}`);
      made.push(name);
      const own = new URL(url);
      own.pathname = `/${name}`;
      return own.href;
    },
    remove: async () => {
      if (!server.private) for (const name of made.splice(0)) await execute(url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await server.remove();
    },
  };
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
