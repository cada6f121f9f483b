/** Owns the byte stream between `pg` and an in-process PGlite: framing, session reset and back-pressure. It opens no database. */
import { Duplex } from "node:stream";

/** What the bridge needs of an embedded server: run one batch of protocol bytes, alone, and return the answer's bytes. */
export type RunBatch = (messages: Uint8Array) => Promise<Uint8Array>;

/**
 * Admits one session at a time: resolves to the release function once no other session is open.
 * Rejects when the server cannot take a session; the reason is shown to whoever tried to connect.
 */
export type EnterSession = () => Promise<() => void>;

/** One-byte tags of the frontend messages that matter here. Source: PostgreSQL documentation, "Message Formats". */
const TERMINATE = 0x58;
const ENDS_A_BATCH: ReadonlySet<number> = new Set([..."SQHp"].map((tag) => tag.charCodeAt(0)));

/**
 * What a fresh backend process would have given the session for free. The Sync comes first because a session that died
 * between an error and its Sync leaves the server skipping every message; DISCARD ALL cannot run inside a transaction.
 */
const FRESH_SESSION = Buffer.concat([
  Buffer.from([0x53, 0, 0, 0, 4]),
  simpleQuery("ROLLBACK"),
  simpleQuery("DISCARD ALL"),
]);

/**
 * A socket look-alike for pg's `stream` option whose other end is an in-process server.
 *
 * Shape    bytes are cut after Sync, Query, Flush, password and startup messages; each piece is one call to the server.
 * Failures a throw inside the server destroys the stream, so that every waiting query is rejected instead of hanging.
 */
export class PGliteStream extends Duplex {
  #pending: Buffer = Buffer.alloc(0);
  #started = false;
  #ending = false;
  #tail: Promise<void> = Promise.resolve();
  #leave: (() => void) | undefined;

  constructor(
    private readonly run: RunBatch,
    private readonly enter: EnterSession,
  ) {
    super();
  }

  /** Called by pg in place of `net.Socket.connect`; the session itself begins with the startup message. */
  connect(): this {
    queueMicrotask(() => this.emit("connect"));
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#accept(chunk);
    this.#tail.then(() => done(), done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#accept(Buffer.concat(chunks.map(({ chunk }) => chunk)));
    this.#tail.then(() => done(), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    if (!this.#ending) this.#hangUp();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#ending = true;
    // A batch may still be running: the next session must not begin before it is over.
    this.#tail.then(() => this.#leave?.());
    done(error);
  }

  /** Cut what has arrived into batches; an incomplete message waits for the next chunk. */
  #accept(chunk: Buffer): void {
    const bytes = this.#pending.length > 0 ? Buffer.concat([this.#pending, chunk]) : chunk;
    let offset = 0;
    let cut = 0;
    while (!this.#ending) {
      const header = this.#started ? 1 : 0;
      if (bytes.length - offset < header + 4) break;
      const end = offset + header + bytes.readInt32BE(offset + header);
      if (bytes.length < end) break;
      if (!this.#started) {
        this.#begin(bytes.subarray(offset, end));
        cut = end;
      } else if (bytes[offset] === TERMINATE) {
        if (offset > cut) this.#send(bytes.subarray(cut, offset));
        this.#hangUp();
        return;
      } else if (ENDS_A_BATCH.has(bytes[offset] ?? 0)) {
        this.#send(bytes.subarray(cut, end));
        cut = end;
      }
      offset = end;
    }
    this.#pending = Buffer.from(bytes.subarray(cut));
  }

  #begin(startup: Buffer): void {
    this.#started = true;
    const copy = Uint8Array.from(startup);
    this.#enqueue(async () => {
      const leave = await this.enter();
      if (this.destroyed) return leave();
      this.#leave = leave;
      await this.run(Uint8Array.from(FRESH_SESSION));
      this.#answer(await this.run(copy));
    });
  }

  #send(messages: Buffer): void {
    const copy = Uint8Array.from(messages);
    this.#enqueue(async () => this.#answer(await this.run(copy)));
  }

  #hangUp(): void {
    this.#ending = true;
    this.#enqueue(async () => {
      this.#leave?.();
      this.#leave = undefined;
      this.push(null);
    });
  }

  #answer(bytes: Uint8Array): void {
    if (bytes.length > 0 && !this.destroyed) this.push(Buffer.from(bytes));
  }

  #enqueue(step: () => Promise<void>): void {
    this.#tail = this.#tail
      .then(() => (this.destroyed ? undefined : step()))
      .catch((error: unknown) => {
        this.destroy(error instanceof Error ? error : new Error(String(error)));
      })
      // The server answers in microtasks only; without this turn of the loop a busy session starves timers and sockets.
      .then(() => new Promise<void>((resolve) => setImmediate(resolve)));
  }
}

function simpleQuery(sql: string): Buffer {
  const text = Buffer.from(`${sql}\0`, "utf8");
  const length = Buffer.alloc(4);
  length.writeInt32BE(text.length + 4);
  return Buffer.concat([Buffer.from("Q"), length, text]);
}
