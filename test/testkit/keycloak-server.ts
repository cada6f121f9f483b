/** Owns the Keycloak of the tests over real HTTP: the in-process one behind a server that can misbehave on any route. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { openFakeKeycloak, type FakeKeycloak, type FakeKeycloakOptions } from "../../src/keycloak/fake/fake.js";

/**
 * `answer`    as the in-process Keycloak does.
 * a status    refuse with it, in Keycloak's JSON; nothing is done.
 * `html`      a page with status 200, as of a proxy; `html 503` with that status.
 * `empty`     200 without a body. `huge`: 200 and more JSON than anybody wants.
 * `drip`      200 and a byte now and then, without end. `hang`: no answer at all. Both end with `close()` at the latest.
 * `reset`     the connection is closed at once. `cut`: in the middle of the answer.
 * `redirect`  to where the same request would be answered.
 * `lose`      do what is asked and close the connection instead of saying so. `stall`: do it and say nothing, until `close()`.
 * `echo`      500 and a page that shows the request.
 */
export type Misbehaviour =
  | "answer" | number | "html" | `html ${number}` | "empty" | "huge" | "drip" | "hang" | "reset" | "cut" | "redirect" | "lose" | "stall" | "echo";

export interface KeycloakServer {
  fake: FakeKeycloak;
  url: string;
  /** In short, oldest first. */
  requests: string[];
  /** From now on, for requests that match in short; for all without a pattern. */
  behave(behaviour: Misbehaviour, at?: RegExp): void;
  close(): Promise<void>;
}

/** What the server says when it refuses; nobody but the log may read it. */
export const SERVER_WORDS = "Domain acme.example is already linked to organization Acme in realm breakpilot-dev";
const HUGE_BYTES = 300 * 1024;
const DRIP_EVERY_MS = 5;

export async function startKeycloakServer(options: FakeKeycloakOptions = {}): Promise<KeycloakServer> {
  const requests: string[] = [];
  let behaviour: Misbehaviour = "answer";
  let where = /^/;
  const server = createServer((request, response) => {
    const asked = shortly(request.method, request.url);
    requests.push(asked);
    void respond(fake, request, response, where.test(asked) ? behaviour : "answer");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const fake = openFakeKeycloak({ ...options, account: { clientSecret: "a-secret-of-the-account", ...options.account, url } });
  return {
    fake,
    url,
    requests,
    behave(next, at = /^/) {
      behaviour = next;
      where = at;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** A request in short: `METHOD /path` below the realm, `POST /token` for logins. */
export function shortly(method = "", url = ""): string {
  return `${method} ${url.replace(/^.*?\/realms\/[^/]+/, "").replace(/^\/protocol\/openid-connect/, "")}`;
}

async function respond(fake: FakeKeycloak, request: IncomingMessage, response: ServerResponse, behaviour: Misbehaviour): Promise<void> {
  const body = await text(request);
  const say = (status: number, type: string, words: string) => void response.writeHead(status, { "content-type": type }).end(words);
  const page = `<html><body>${SERVER_WORDS}</body></html>`;
  if (typeof behaviour === "number") return say(behaviour, "application/json", JSON.stringify({ errorMessage: SERVER_WORDS }));
  if (behaviour.startsWith("html")) return say(Number(behaviour.slice(5)) || 200, "text/html", page);
  switch (behaviour) {
    case "empty":
      return void response.writeHead(200).end();
    case "huge":
      return say(200, "application/json", JSON.stringify([SERVER_WORDS, "x".repeat(HUGE_BYTES)]));
    case "drip":
      return drip(response);
    case "hang":
      return;
    case "reset":
      return void request.socket.destroy();
    case "cut":
      return void response.writeHead(200, { "content-type": "application/json", "content-length": "1000" }).write("[", () => request.socket.destroy());
    case "redirect":
      return void response.writeHead(307, { location: `/moved${request.url}` }).end();
    case "echo":
      return say(500, "text/plain", JSON.stringify(request.headers) + body);
  }
  const answer = await forward(fake, request, body);
  if (behaviour === "lose") return void request.socket.destroy();
  if (behaviour === "stall") return;
  response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text());
}

function forward(fake: FakeKeycloak, { method = "GET", url = "/", headers }: IncomingMessage, body: string): Promise<Response> {
  const { authorization = "", "content-type": contentType = "" } = headers;
  return fake.fetch(fake.account.url + url.replace(/^\/moved/, ""), {
    method,
    headers: { ...(authorization && { authorization }), ...(contentType && { "content-type": contentType }) },
    ...(body && { body }),
  });
}

function drip(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/json" });
  const timer = setInterval(() => response.write(" "), DRIP_EVERY_MS);
  response.on("close", () => clearInterval(timer));
}
