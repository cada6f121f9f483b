/** Owns bytes on a socket for tests that send what no HTTP client would, and requests of any shape for the others. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect } from "vitest";
import { GRAPHQL_CODES } from "../../src/kernel/error-format.js";
import { FAULT_CODES } from "../../src/kernel/fault.js";
import type { AnswerError } from "../testkit/world.js";

export interface Exchange {
  status: number;
  headers: Headers;
  /** The body as text, to search; `json` is its parsed form. */
  text: string;
  json: { data?: Record<string, any> | null; errors?: AnswerError[] }; // any: every test knows the shape that it asked for
}

/** One request to `/graphql` with exactly this body and these headers. */
export async function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Exchange> {
  const init = { method: "POST", headers: { "content-type": "application/json", ...headers }, body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body) };
  return exchanged(await fetch(`${url}/graphql`, init as RequestInit));
}

export async function exchanged(response: Response): Promise<Exchange> {
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: text === "" ? {} : JSON.parse(text) };
}

/** Open a connection, send these bytes, and return everything that comes back until the server ends the connection. */
export async function raw(url: string, ...bytes: (string | Uint8Array)[]): Promise<string> {
  const socket = await open(url);
  for (const part of bytes) if (socket.writable) socket.write(part);
  return ended(socket);
}

export async function open(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => {}); // being cut off is what many tests want
  await once(socket, "connect");
  return socket;
}

/** Everything that a connection says until it ends, however it ends. */
export async function ended(socket: Socket): Promise<string> {
  let text = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
  if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve));
  return text;
}

/** Status and body of an answer that {@link raw} returned. */
export function parsed(answer: string): Pick<Exchange, "status" | "json"> {
  const [head = "", body = ""] = answer.split("\r\n\r\n");
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0), json: JSON.parse(body === "" ? "{}" : body) };
}

const CODES = new Set<string>([...FAULT_CODES, ...GRAPHQL_CODES]);

/** Errors only, each with a code of the closed list, in one short answer; returns the codes. */
export function refusedWith({ json, text = "" }: { json: Exchange["json"]; text?: string }): string[] {
  expect(Object.values(json.data ?? {}).flat().filter((value) => value !== null), text).toEqual([]);
  const codes = (json.errors ?? []).map(({ extensions }) => extensions.code);
  expect(codes.length, text).toBeGreaterThan(0);
  expect(codes.filter((code) => !CODES.has(code))).toEqual([]);
  return codes;
}
