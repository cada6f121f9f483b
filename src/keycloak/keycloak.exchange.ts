/** Owns one exchange with Keycloak over HTTP: bounded in time and size, no redirects, and what every status means. Who asks is `keycloak.token.ts`. */
import type { z } from "zod";
import { KeycloakError, type KeycloakFailure } from "./keycloak.js";

export interface Exchanges {
  /** For the whole exchange, body included. */
  timeoutMs: number;
  fetch: typeof fetch;
}

export interface Request {
  /** Method and path template, for people: what is in it may be logged and stored. */
  route: string;
  method: "GET" | "POST" | "PUT" | "DELETE";
  url: string;
  bearer?: string;
  /** A form, or what is sent as JSON. */
  body?: URLSearchParams | object;
}

/** A whole answer; what its status means depends on who asked for what. */
export interface Answer {
  route: string;
  status: number;
  text: string;
  /** What was sent that nobody may read: a proxy's error page may echo it. */
  secrets: readonly string[];
}

const MAX_ANSWER_BYTES = 256 * 1024;
const MAX_LOGGED_CHARACTERS = 500;

/** Send, and wait for the whole answer, whatever it says. Errors: unreachable, timeout, not-understood (too long). */
export async function exchange({ fetch, timeoutMs }: Exchanges, { route, method, url, bearer, body }: Request): Promise<Answer> {
  const isForm = body instanceof URLSearchParams;
  const secrets = [bearer, isForm ? body.get("client_secret") : null].filter((secret) => typeof secret === "string");
  try {
    const response = await fetch(url, {
      method,
      headers: {
        accept: "application/json",
        ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
        ...(body !== undefined && { "content-type": isForm ? "application/x-www-form-urlencoded" : "application/json" }),
      },
      ...(body !== undefined && { body: isForm ? body.toString() : JSON.stringify(body) }),
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { route, status: response.status, text: await textOf(response, route), secrets };
  } catch (error) {
    if (error instanceof KeycloakError) throw error;
    const timedOut = error instanceof Error && error.name === "TimeoutError";
    throw new KeycloakError(timedOut ? "timeout" : "unreachable", route, { internal: error });
  }
}

async function textOf(response: Response, route: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_ANSWER_BYTES) throw new KeycloakError("not-understood", route, { status: response.status, internal: `more than ${MAX_ANSWER_BYTES} bytes` });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** What a 200 carries. Errors: not-understood when it is not of this shape. */
export function read<Shape extends z.ZodType>(answer: Answer, shape: Shape): z.infer<Shape> {
  const parsed = shape.safeParse(jsonOf(answer));
  if (answer.status !== 200 || !parsed.success) throw failure(answer, "not-understood");
  return parsed.data;
}

/** The error that a status is. Keycloak says everything in JSON: what is refused in another form was refused by something in between. */
export function refusal(answer: Answer): KeycloakError {
  const { status, route } = answer;
  const words = wordsOf(answer);
  if (status === 401) return failure(answer, "unauthorized");
  if (status === 403) return failure(answer, "forbidden");
  if (status === 429) return failure(answer, "server-error");
  // A deliberate refusal to go on; what breaks otherwise on this route says `error`.
  if (status === 500 && /\/(?:invite-user|resend)$/.test(route) && words?.errorMessage !== undefined) return failure(answer, "mail-failed");
  if (status >= 500) return failure(answer, "server-error");
  if (words === null) return failure(answer, "not-understood");
  if (status === 400) return failure(answer, "invalid");
  if (status === 404) return failure(answer, missing(route, words.errorMessage));
  if (status === 409) return failure(answer, "conflict");
  return failure(answer, "not-understood");
}

/** A path that the server does not know at all is not spoken of deliberately; what it does not have is. */
function missing(route: string, said: string | undefined): KeycloakFailure {
  if (said === undefined && route.endsWith("/groups")) return "roles-unsupported";
  return said?.includes("not enabled") ? "organizations-disabled" : "not-found";
}

export function failure(answer: Answer, kind: KeycloakFailure): KeycloakError {
  return new KeycloakError(kind, answer.route, { status: answer.status, internal: loggable(answer) });
}

/** Whether this is Keycloak's own refusal with this status, and not that of a proxy. */
export function says(answer: Answer, status: number): boolean {
  return answer.status === status && wordsOf(answer) !== null;
}

/** Keycloak has two families of refusals, with `errorMessage` or with `error`; null when it is neither. */
function wordsOf(answer: Answer): { errorMessage?: string } | null {
  const body = jsonOf(answer);
  if (typeof body !== "object" || body === null) return null;
  if ("errorMessage" in body) return { errorMessage: String(body.errorMessage) };
  return "error" in body ? {} : null;
}

function jsonOf({ text }: Answer): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The beginning of what was said, without what was sent, and without tokens: of callers (three segments) and of links in mails (`key=`, `token=`). */
function loggable({ text, secrets }: Answer): string {
  return secrets
    .reduce((said, secret) => said.replaceAll(secret, "[secret]"), text)
    .slice(0, MAX_LOGGED_CHARACTERS)
    .replaceAll(/eyJ[\w-]*(?:\.[\w-]*)*/g, "[token]")
    .replaceAll(/((?:key|token|secret|password)["']?\s*[=:]\s*["']?)[^\s"'&]+/gi, "$1[redacted]");
}
