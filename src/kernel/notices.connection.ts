/** Owns one connection that listens: its login, the beat that proves that it hears, and how its loss shows. What follows from what it hears is `notices.ts`. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { Socket } from "node:net";
import pg from "pg";
import { LateError } from "./within.js";

/** On which the database's triggers tell of changes; see migration 11. */
const CHANNEL = "registry_keys";

export interface BeatTiming {
  connectTimeoutMs: number;
  /** From one beat to the next. */
  beatMs: number;
  /** A beat that has not come back by then will not. */
  beatTimeoutMs: number;
}

export interface ConnectionParts {
  url: string;
  /** What the session becomes: a role that may do nothing outside the doors. */
  role: string;
  timing: BeatTiming;
  /** From now on nothing is missed. */
  listening(): void;
  heard(payload: string): void;
  /** A beat has come back: every change that was acknowledged before this moment of `performance.now()` has been heard. */
  beaten(sentAtMs: number): void;
  /** Called once, whatever happened; nothing is heard any more. Not called after the connection was closed from here. */
  lost(error: unknown): void;
}

/**
 * Connect, listen, and beat until the connection is lost, or closed by the function that this returns.
 *
 * An open socket proves nothing: a network that swallows packets leaves it open, and a pooler between the two takes the notices for
 * itself. So a notification is sent to a channel of our own and must come back. Postgres keeps one order over all channels and hands over
 * what is pending before it says that a statement is done; a commit is acknowledged only when its notices are in that order.
 */
export function listen({ url, role, timing, ...told }: ConnectionParts): () => Promise<void> {
  const socket = new Socket();
  const client = new pg.Client({
    connectionString: url,
    stream: () => socket,
    connectionTimeoutMillis: timing.connectTimeoutMs,
    application_name: "tenant-registry-notices",
  });
  const beatChannel = `registry_beat_${randomBytes(8).toString("hex")}`;
  let beats = 0;
  let echo = "";
  let timer: NodeJS.Timeout | undefined;
  let over = false;

  const end = () => {
    over = true;
    clearTimeout(timer);
    socket.destroy();
  };
  const lose = (error: unknown) => {
    if (over) return;
    end();
    told.lost(error);
  };

  async function begin(): Promise<void> {
    await client.connect();
    await inTime(client.query(`set role ${pg.escapeIdentifier(role)}; listen ${CHANNEL}; listen ${beatChannel}`), timing.beatTimeoutMs);
    if (over) return;
    told.listening();
    await beat();
  }

  async function beat(): Promise<void> {
    const nonce = String(++beats);
    const sentAtMs = performance.now();
    await inTime(client.query("select pg_notify($1, $2)", [beatChannel, nonce]), timing.beatTimeoutMs);
    if (over) return;
    if (echo !== nonce) throw new Error("notices do not come back on the connection that listens for them");
    told.beaten(sentAtMs);
    timer = setTimeout(() => void beat().catch(lose), timing.beatMs);
  }

  client.on("notification", ({ channel, payload = "", processId }) => {
    if (over) return;
    if (channel === CHANNEL) told.heard(payload);
    else if (processId === sessionOf(client)) echo = payload;
  });
  client.on("error", lose);
  client.on("end", () => lose(new Error("the connection has ended")));
  void begin().catch(lose);
  return async () => {
    end();
    if (!socket.closed) await once(socket, "close");
  };
}

/**
 * A pooler that hands its sessions around gives back our beat when it happens to use one of them twice, and loses the notices that come in
 * between. It also makes up the number of the session that it tells us. pg publishes no type for that number.
 */
function sessionOf(client: pg.Client): number | null {
  return (client as unknown as { processID: number | null }).processID;
}

/** What has arrived is not late: after a standstill of this process its timers come first, and only then what waits in its sockets. */
function inTime<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new LateError(`the database has not answered within ${timeoutMs} ms`));
    const timer = setTimeout(() => setImmediate(late), timeoutMs);
    void work.finally(() => clearTimeout(timer)).then(resolve, reject);
  });
}
