/** Owns the embedded Postgres of development and tests: one PGlite instance, its directory and its single session. */
import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import type { PGlite } from "@electric-sql/pglite";
import { type DirectoryLock, lockDirectory } from "./directory-lock.js";
import { PGliteStream } from "./pglite-stream.js";

export interface EmbeddedOptions {
  /** Directory that holds the data and its lock; null keeps everything in memory. */
  dataDir: string | null;
  /** A gzipped snapshot from {@link EmbeddedDatabase.dump} to begin from; ignored when `dataDir` already holds a database. */
  from?: Blob | Buffer;
}

/** A PostgreSQL server inside this process. It serves one session at a time, as a superuser. */
export interface EmbeddedDatabase {
  /** A new connection for pg's `stream` option. A second session waits until the first one has ended. */
  stream(): Duplex;
  /** The whole database as a gzipped tar. */
  dump(): Promise<Buffer>;
  close(): Promise<void>;
}

/** How long a connection waits for the one before it to end; shorter than pg's own limit, so that the reason is shown. */
const SESSION_WAIT_MS = 1_500;

/**
 * Open the embedded database, creating it when `dataDir` holds none.
 *
 * Durability  an acknowledged write survives the death of the process, not the loss of power (PGlite does not fsync).
 * Limits      no COPY FROM STDIN (it ends the instance), no statement_timeout, a query blocks the event loop while it runs.
 * Failures    {@link DirectoryInUseError} when a live process has the directory open; an Error when PGlite is not installed.
 */
export async function openEmbedded({ dataDir, from }: EmbeddedOptions): Promise<EmbeddedDatabase> {
  const snapshot = Buffer.isBuffer(from) ? new Blob([Uint8Array.from(from)]) : from;
  if (dataDir === null) return serve(await createPGlite(undefined, snapshot));
  const lock = await lockDirectory(dataDir);
  try {
    return serve(await openCluster(dataDir, snapshot), lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** A half-made cluster is never opened: it is built under a name that is swept away, and renamed when it is whole. */
async function openCluster(dataDir: string, snapshot: Blob | undefined): Promise<PGlite> {
  const cluster = join(dataDir, "cluster");
  const entries = await readdir(dataDir);
  for (const entry of entries.filter((name) => name.startsWith("new-"))) {
    await rm(join(dataDir, entry), { recursive: true, force: true });
  }
  if (!entries.includes("cluster")) {
    const unfinished = join(dataDir, `new-${randomUUID()}`);
    await mkdir(unfinished);
    await (await createPGlite(unfinished, snapshot)).close();
    await rename(unfinished, cluster);
  }
  return createPGlite(cluster);
}

async function createPGlite(dataDir?: string, loadDataDir?: Blob): Promise<PGlite> {
  const { PGlite } = await import("@electric-sql/pglite").catch((cause: unknown) => {
    throw new Error("The embedded database is a development dependency and is not installed here. Set DATABASE_URL.", { cause });
  });
  return PGlite.create({ dataDir, loadDataDir });
}

function serve(server: PGlite, lock?: DirectoryLock): EmbeddedDatabase {
  let failure: Error | undefined;
  let closed: Promise<void> | undefined;
  let lastSession: Promise<void> = Promise.resolve();

  const run = async (messages: Uint8Array): Promise<Uint8Array> => {
    if (failure) throw failure;
    if (closed) throw new Error("The embedded database is closed.");
    try {
      return await server.runExclusive(() => server.execProtocolRaw(messages));
    } catch (cause) {
      // The instance is WebAssembly that has thrown in the middle of its work: nothing it says afterwards can be trusted.
      failure = new Error("The embedded database has stopped after an internal failure; restart the process.", { cause });
      throw failure;
    }
  };

  const enter = async (): Promise<() => void> => {
    const before = lastSession;
    let leave = (): void => {};
    const mine = new Promise<void>((resolve) => {
      leave = resolve;
    });
    lastSession = Promise.all([before, mine]).then(() => undefined);
    if (await settlesWithin(before, SESSION_WAIT_MS)) return leave;
    leave();
    throw new Error("The embedded database serves one session at a time, and another one is open. Use one pool with max 1.");
  };

  return {
    stream: () => new PGliteStream(run, enter),
    dump: async () => Buffer.from(await (await server.dumpDataDir("gzip")).arrayBuffer()),
    close: () => {
      closed ??= server.close().finally(() => lock?.release());
      return closed;
    },
  };
}

async function settlesWithin(work: Promise<void>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  const inTime = await Promise.race([work.then(() => true), tooLate]);
  clearTimeout(timer);
  return inTime;
}
