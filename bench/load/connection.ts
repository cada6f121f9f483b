/**
 * Owns one keep-alive HTTP connection of the load generator: send, wait, check, send the next.
 *
 * Not a general client: on two cores every microsecond of the generator is taken from the contenders, and an ordinary one
 * costs more than the fastest of them. It understands answers with a Content-Length and fails loudly at anything else.
 */
import { connect, type Socket } from "node:net";
import { ANY_INSTANT, FRESH_SLUG } from "../workloads/workload.js";
import type { LoadRequest } from "./job.js";

const END_OF_HEAD = "\r\n\r\n";

/** A request as bytes; a changing one is cut at its fresh slug, so that a new one can be put in, and an expected answer at what differs. */
export interface Prepared {
  parts: Buffer[];
  expected: Buffer[] | null;
}

export function prepare({ method, path, headers, body, expected }: LoadRequest, port: number): Prepared {
  const lines = [`${method} ${path} HTTP/1.1`, `host: 127.0.0.1:${port}`, "accept: application/json"];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  if (method === "POST") lines.push("content-type: application/json", `content-length: ${Buffer.byteLength(body)}`);
  return { parts: cut(`${lines.join("\r\n")}${END_OF_HEAD}${body}`, FRESH_SLUG), expected: expected === undefined ? null : cut(expected, ANY_INSTANT) };
}

function cut(text: string, at: string): Buffer[] {
  return text.split(at).map((part) => Buffer.from(part));
}

/** An answer whose bytes have all come. */
export interface Answer {
  /** Status line and headers. */
  head: string;
  body: Buffer;
}

/** The answer that was received, or null while it is not whole. One whose length nobody says has no body, and so is no right one. */
export function answerIn(received: Buffer): Answer | null {
  const headEnd = received.indexOf(END_OF_HEAD);
  if (headEnd < 0) return null;
  const head = received.toString("latin1", 0, headEnd);
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  const bodyStart = headEnd + END_OF_HEAD.length;
  return received.length < bodyStart + length ? null : { head, body: received.subarray(bodyStart) };
}

export function succeeded({ head }: Answer): boolean {
  return head.startsWith("HTTP/1.1 200");
}

/** What ends a run. */
export function wrongAnswer({ head, body }: Answer): Error {
  return new Error(`a wrong answer:\n${head}\n${body.toString().slice(0, 500)}`);
}

/** Is this the expected body, whatever instants stand between its parts? */
export function agrees(body: Buffer, parts: readonly Buffer[]): boolean {
  let at = 0;
  for (const part of parts) {
    if (!body.subarray(at, at + part.length).equals(part)) return false;
    at += part.length + ANY_INSTANT.length;
  }
  return at - ANY_INSTANT.length === body.length;
}

export interface Conversation {
  /** Milliseconds that each answer took. */
  latencies: number[];
  requests: Prepared[];
  freshSlug(): string;
  /** False once no further request is to be sent. */
  more(): boolean;
}

/** Talk until {@link Conversation.more} says no; rejects at the first wrong answer. */
export function converse(port: number, start: number, { latencies, requests, freshSlug, more }: Conversation): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(port, "127.0.0.1");
    let turn = start;
    let asked: Prepared;
    let slug = "";
    let sentAt = 0;
    let received: Buffer | null = null;

    function ask(): void {
      asked = requests[turn++ % requests.length] as Prepared;
      const [only, ...rest] = asked.parts;
      sentAt = performance.now();
      if (rest.length === 0) return void socket.write(only as Buffer);
      slug = freshSlug();
      socket.write(Buffer.concat(asked.parts.flatMap((part, i) => (i === 0 ? [part] : [Buffer.from(slug), part]))));
    }

    function fail(problem: Error): void {
      socket.destroy();
      reject(problem);
    }

    socket.setNoDelay(true);
    socket.on("connect", ask);
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("the connection was closed")));
    socket.on("data", (chunk) => {
      received = received ? Buffer.concat([received, chunk]) : chunk;
      const answer = answerIn(received);
      if (answer === null) return;
      latencies.push(performance.now() - sentAt);
      const { body } = answer;
      const right = asked.expected ? agrees(body, asked.expected) : body.includes(`"${slug}"`) && !body.includes('"errors"');
      if (!succeeded(answer) || !right) return fail(wrongAnswer(answer));
      received = null;
      if (more()) return ask();
      socket.removeAllListeners("close").end();
      resolve();
    });
  });
}
