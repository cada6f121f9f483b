/** Owns how commands speak with a registry: GraphQL over HTTP with an operator's token, and a plain sentence for everything that can go wrong. */
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { isObject } from "../catalog/catalog.js";
import { BOUNDS } from "../config.js";
import { plain } from "../kernel/plain-text.js";
import { CommandRefusedError } from "./bundle-cli.outcome.js";

export interface RegistryClient {
  /** What the document asks for. Throws {@link NoAnswerError}. */
  run<T>(document: string, variables: object): Promise<T>;
}

/** The registry did not answer what was asked, for the reason that the message tells. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
  constructor(
    message: string,
    /** Has nothing been done, as far as can be told? */
    readonly isCertain: boolean,
  ) {
    super(plain(message));
  }
}

/** Longer than the registry works on any operation. */
const TIMEOUT_MS = 30_000;
/** After these nobody knows whether something was done. */
const UNCERTAIN: ReadonlySet<unknown> = new Set(["UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL_SERVER_ERROR"]);

interface ErrorAnswer {
  readonly message?: unknown;
  readonly extensions?: { readonly code?: unknown };
}

/** `url` is the registry's own address. Throws {@link CommandRefusedError} when it is none. */
export function openClient(url: string, token: string): RegistryClient {
  const endpoint = endpointOf(url);
  return {
    async run<T>(query: string, variables: object): Promise<T> {
      const { status, body } = await answerOf(endpoint, token, { query, variables });
      const [error] = (Array.isArray(body?.["errors"]) ? body["errors"] : []) as ErrorAnswer[];
      if (typeof error?.message === "string") throw new NoAnswerError(`The registry refuses: ${error.message} (${String(error.extensions?.code)})`, !UNCERTAIN.has(error.extensions?.code));
      if (error !== undefined || !isObject(body?.["data"]) || Object.keys(body["data"]).length === 0) throw new NoAnswerError(`What answers at ${endpoint.origin} is not the registry (HTTP ${status}).`, false);
      return body["data"] as T;
    },
  };
}

function endpointOf(url: string): URL {
  const refusal = new CommandRefusedError("--url must be the registry's address, for instance http://localhost:8090, without credentials, query or fragment.");
  if (!URL.canParse(url)) throw refusal;
  const address = new URL(url);
  if (!/^https?:$/.test(address.protocol) || address.username !== "" || address.password !== "" || address.search !== "" || address.hash !== "") throw refusal;
  address.pathname = `${address.pathname.replace(/\/$/, "")}/graphql`;
  return address;
}

async function answerOf(endpoint: URL, token: string, asked: object): Promise<{ status: number; body: Readonly<Record<string, unknown>> | null }> {
  try {
    const response = await fetch(endpoint, {
      method: "POST",
      // A token goes where the operator said, and nowhere else.
      redirect: "manual",
      headers: { "content-type": "application/json", accept: "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify(asked),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { status: response.status, body: objectIn(await beginningOf(response)) };
  } catch (error) {
    const { code } = ((error as Error).cause ?? {}) as { code?: string };
    const reason = code ?? ((error as Error).name === "TimeoutError" ? "no answer in time" : "no answer");
    // Who could not be connected with has done nothing.
    throw new NoAnswerError(`The registry at ${endpoint.origin} cannot be reached (${reason}).`, code === "ECONNREFUSED" || code === "ENOTFOUND");
  }
}

/** No more than the registry ever answers; what is cut is no JSON, and so not its answer. */
async function beginningOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes > BOUNDS.answerBytes) break;
  }
  return Buffer.concat(chunks).toString("utf8");
}

function objectIn(answer: string): Readonly<Record<string, unknown>> | null {
  try {
    const body: unknown = JSON.parse(answer);
    return isObject(body) ? body : null;
  } catch {
    return null;
  }
}

/** The token in a file, or on standard input for `-`: not an argument, because everybody on the machine can read those. */
export async function tokenIn(file: string): Promise<string> {
  const token = (file === "-" ? await text(process.stdin) : await readFile(file, "utf8").catch(unreadable)).trim();
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) throw new CommandRefusedError("--token-file must have an access token in it, and nothing else.");
  return token;
}

function unreadable(error: NodeJS.ErrnoException): never {
  throw new CommandRefusedError(`--token-file cannot be read (${error.code}).`);
}
