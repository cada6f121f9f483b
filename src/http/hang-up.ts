/** Owns how connections end when the server closes: whose request has come in is answered, and nobody else is waited for. */
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { FastifyInstance } from "fastify";

/**
 * Node closes the connections that rest between two requests. It would wait for those that have not asked yet, or not to the end, and
 * looks at no time limit any more: a connection that a browser or a balancer has opened in advance would hold the server open. What
 * is still there after `answerMs` is a body that never came, or an answer that nobody reads.
 */
export function hangUpWhenClosing(app: FastifyInstance, answerMs: number): void {
  const connections = new Set<Socket>();
  const answers = new Set<ServerResponse>();
  app.server.on("connection", (socket: Socket) => {
    connections.add(socket);
    socket.once("close", () => connections.delete(socket));
  });
  app.server.on("request", (_request, answer: ServerResponse) => {
    answers.add(answer);
    answer.once("close", () => answers.delete(answer));
  });
  app.addHook("preClose", async () => {
    const awaited = new Set([...answers].map(({ req }) => req.socket));
    for (const socket of connections) if (!awaited.has(socket)) socket.destroy();
    const tooLong = setTimeout(() => app.server.closeAllConnections(), answerMs);
    app.server.once("close", () => clearTimeout(tooLong));
  });
}
