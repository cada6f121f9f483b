/** Owns how a conversation is held and written down: what differs from run to run goes by a name. */
import { randomUUID } from "node:crypto";
import type { Subject } from "./subject.js";

/** An id that nothing has. */
export const NOBODY = "11111111-2222-4333-8444-555555555555";

/** One question and its answer; what differs from run to run is a `{placeholder}`. */
export interface Exchange {
  name: string;
  request: { method: string; path: string; contentType?: string; body?: unknown };
  response: { status: number; contentType: string | null; location: string | null; body: unknown };
}

export interface Sent {
  json?: unknown;
  form?: Record<string, string>;
  text?: string;
  contentType?: string;
  /** Instead of the account's token; empty for none. */
  token?: string;
  realm?: string;
}

/** Says things, writes down what is answered, and knows by which names the ids go. */
export class Talk {
  readonly exchanges: Exchange[] = [];
  readonly unique = `u${randomUUID().slice(0, 7)}`;
  readonly #names = new Map([[this.unique, "{unique}"], [this.unique.toUpperCase(), "{UNIQUE}"]]);
  #token = "";

  constructor(private readonly subject: Subject) {}

  /** From now on this text is called so; of an address, its last segment. */
  named(text: string | null, name: string): string {
    const value = text?.split("/").at(-1) ?? "";
    this.#names.set(value, `{${name}}`);
    return value;
  }

  valueOf(name: string): string {
    return [...this.#names].find(([, placeholder]) => placeholder === `{${name}}`)?.[0] ?? "";
  }

  async login(name: string, differently: Record<string, string> = {}, realm = this.subject.account.realm): Promise<void> {
    const { url, clientId, clientSecret } = this.subject.account;
    const form = { grant_type: "client_credentials", client_id: clientId, client_secret: clientSecret, ...differently };
    const path = "/protocol/openid-connect/token";
    const { body } = await this.#ask(`login: ${name}`, "POST", `${url}/realms/${realm}${path}`, path, { form, token: "" });
    this.#token = (body as { access_token?: string }).access_token ?? "";
  }

  async say(name: string, method: string, path: string, sent: Sent = {}) {
    const { url, realm } = this.subject.account;
    const filled = [...this.#names].reduce((text, [value, placeholder]) => text.replaceAll(placeholder, value), path);
    return this.#ask(name, method, `${url}/admin/realms/${sent.realm ?? realm}${filled}`, filled, sent);
  }

  async #ask(name: string, method: string, url: string, path: string, { json, form, text, contentType, token = this.#token }: Sent) {
    const type = contentType ?? (json === undefined ? form && "application/x-www-form-urlencoded" : "application/json");
    const response = await this.subject.fetch(url, {
      method,
      headers: { ...(token && { authorization: `Bearer ${token}` }), ...(type && { "content-type": type }) },
      ...((json ?? form ?? text) !== undefined && { body: json === undefined ? (form ? String(new URLSearchParams(form)) : text) : JSON.stringify(json) }),
    });
    const said = await response.text();
    const body: unknown = said === "" ? null : JSON.parse(said);
    const location = response.headers.get("location");
    // What was made goes by what it is one of: `…/groups/{id}` is a group.
    if (location !== null) this.named(location, (location.split("/").at(-2) ?? "").replace(/s$/, ""));
    this.exchanges.push({
      name,
      request: { method, path: this.#masked(path), ...(type && { contentType: type }), ...((json ?? form ?? text) !== undefined && { body: this.#plain(json ?? form ?? text) }) },
      response: {
        status: response.status,
        contentType: response.headers.get("content-type"),
        location: location && this.#masked(location.replace(/^https?:\/\/[^/]+/, "{origin}")),
        body: this.#plain(body),
      },
    });
    return { body, location };
  }

  #masked(text: string): string {
    const named = [...this.#names].reduce((masked, [value, name]) => masked.replaceAll(value, name), text);
    return named
      .replaceAll(/(.)\1{99,}/g, (run, character: string) => `{${run.length} × ${character}}`)
      .replaceAll(/column \d+/g, "column {number}");
  }

  /** Without what is another one each time. */
  #plain(value: unknown, key = ""): unknown {
    if (key === "access_token" || key === "client_secret" || key === "scope") return `{${key}}`;
    if (key === "sentDate" || key === "expiresAt") return "{seconds}";
    if (key === "createdTimestamp") return "{milliseconds}";
    if (typeof value === "string") return this.#masked(value).replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => (id === NOBODY ? id : "{id}"));
    if (Array.isArray(value)) return value.map((entry) => this.#plain(entry));
    if (typeof value !== "object" || value === null) return value;
    // In the order of their names: that in which a server writes them means nothing.
    return Object.fromEntries(Object.entries(value).sort().map(([name, member]) => [name, this.#plain(member, name)]));
  }
}
