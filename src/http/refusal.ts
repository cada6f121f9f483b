/** Owns what the server refuses before GraphQL sees it: bytes that are no request, bodies that are no JSON. The answers have GraphQL's shape. */
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { errorBody, INTERNAL_MESSAGE, type ErrorCode } from "../kernel/error-format.js";
import { RETRY_AFTER_SECONDS } from "../kernel/http-status.js";
import { LateError } from "../kernel/within.js";

interface Refusal {
  status: number;
  code: ErrorCode;
  message: string;
}

/** What Fastify refuses, by its status; without the parser's own words, which quote the sender. */
const REFUSALS: readonly Refusal[] = [
  { status: 404, code: "NOT_FOUND", message: "There is nothing here" },
  { status: 405, code: "BAD_REQUEST", message: "Use GET or POST" },
  { status: 413, code: "LIMIT_EXCEEDED", message: "The request body is larger than the server accepts" },
  { status: 415, code: "BAD_REQUEST", message: "Send application/json, not compressed" },
  { status: 503, code: "DEADLINE_EXCEEDED", message: "The operation took too long" },
];
const UNREADABLE: Refusal = { status: 400, code: "BAD_REQUEST", message: "The request is not readable" };

/** Answer with a status and the words that belong to it. */
export function refuse(request: FastifyRequest, reply: FastifyReply, status: number): FastifyReply {
  const { code, message } = REFUSALS.find((one) => one.status === status) ?? UNREADABLE;
  request.log.info({ requestId: request.id, principal: null, tenant: null, status, code }, "request refused");
  const retryable = status === 503;
  if (retryable) reply.header("retry-after", RETRY_AFTER_SECONDS);
  // What is left of a refused body is not waited for.
  if (status === 413 || status === 415) reply.header("connection", "close");
  return reply.code(status).send(errorBody(message, code, retryable ? { retryable } : {}));
}

/** Fastify's error handler: what it refused itself, or a failure of ours. */
export function refuseError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { statusCode = 500 } = error;
  if (error instanceof LateError) return refuse(request, reply, 503);
  if (statusCode < 500) return refuse(request, reply, statusCode);
  request.log.error({ requestId: request.id, principal: null, tenant: null, err: error }, "internal error");
  return reply.code(500).send(errorBody(INTERNAL_MESSAGE, "INTERNAL_SERVER_ERROR", { reference: request.id }));
}

/** Node's codes for what never became a request; 400 for all others. */
const UNREADABLE_BYTES: Readonly<Record<string, Refusal>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, code: "DEADLINE_EXCEEDED", message: "The request took too long to arrive" },
  HPE_HEADER_OVERFLOW: { status: 431, code: "LIMIT_EXCEEDED", message: "The request headers are larger than the server accepts" },
};

/** For bytes that Node cannot read as a request, or that come too slowly: one answer, and the connection ends. */
export function refuseSocket(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, code, message } = UNREADABLE_BYTES[error.code ?? ""] ?? UNREADABLE;
  const body = JSON.stringify(errorBody(message, code, code === "DEADLINE_EXCEEDED" ? { retryable: true } : {}));
  const head = ["content-type: application/json; charset=utf-8", `content-length: ${Buffer.byteLength(body)}`, "cache-control: no-store", "connection: close"];
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${head.join("\r\n")}\r\n\r\n${body}`);
  socket.destroySoon();
}
