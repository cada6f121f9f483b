/** Owns one keep-alive connection that is asked one thing at a time: for loads whose next request does not follow at once from the last answer. */
import { connect } from "node:net";
import { answerIn, type Answer } from "./connection.js";

export interface Line {
  /** Rejects when the connection breaks. */
  ask(request: Buffer): Promise<Answer>;
  close(): void;
}

export function openLine(port: number): Promise<Line> {
  return new Promise((opened, failed) => {
    const socket = connect(port, "127.0.0.1");
    let received: Buffer | null = null;
    let asked: { resolve(answer: Answer): void; reject(problem: Error): void } | null = null;

    function broken(problem: Error): void {
      failed(problem);
      asked?.reject(problem);
    }

    socket.setNoDelay(true);
    socket.on("error", broken);
    socket.on("close", () => broken(new Error("the connection was closed")));
    socket.on("data", (chunk) => {
      received = received ? Buffer.concat([received, chunk]) : chunk;
      const answer = answerIn(received);
      if (answer === null) return;
      received = null;
      asked?.resolve(answer);
    });
    socket.on("connect", () =>
      opened({
        ask: (request) =>
          new Promise((resolve, reject) => {
            if (socket.destroyed) return reject(new Error("the connection was closed"));
            asked = { resolve, reject };
            socket.write(request);
          }),
        close: () => void socket.destroy(),
      }),
    );
  });
}

/** Connections that one call of `listen` lets wait to be accepted are 511. */
const OPENED_AT_ONCE = 100;

export async function openLines(port: number, count: number): Promise<Line[]> {
  const lines: Line[] = [];
  while (lines.length < count) {
    const more = Math.min(OPENED_AT_ONCE, count - lines.length);
    lines.push(...(await Promise.all(Array.from({ length: more }, () => openLine(port)))));
  }
  return lines;
}
