/** Owns the registry's own access token at Keycloak: asked for once, used until shortly before its end, dropped when it is refused. */
import { z } from "zod";
import { exchange, failure, read, refusal, says, type Exchanges } from "./keycloak.exchange.js";

/** Where Keycloak is, and as whom the registry logs in there. */
export interface KeycloakAccount {
  /** Address of the server, without `/admin` or `/realms`, and without a trailing slash. */
  url: string;
  realm: string;
  clientId: string;
  clientSecret: string;
}

const ROUTE = "POST /protocol/openid-connect/token";
/** Before its end a token is not used any more, so that it is still valid when it arrives. */
const MARGIN_MS = 30_000;

const TOKEN = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });

/**
 * The account's token, by client credentials. However many calls wait, one request for it runs; a failure is not remembered.
 *
 * Source   RFC 6749 §4.4; the secret goes into the body, where Keycloak takes it without the double encoding of §2.3.1.
 */
export class ServiceToken {
  #held: { token: string; askedAtMs: number; lifeMs: number } | null = null;
  #asking: Promise<string> | null = null;

  constructor(
    private readonly exchanges: Exchanges,
    private readonly account: KeycloakAccount,
    private readonly now: () => Date,
  ) {}

  async current(): Promise<string> {
    const held = this.#held;
    if (held !== null) {
      const ageMs = this.now().getTime() - held.askedAtMs;
      // A clock that was set back makes a token old, not young.
      if (ageMs >= 0 && ageMs < held.lifeMs) return held.token;
    }
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  /** Forget this token, unless another call already has a newer one. */
  drop(token: string): void {
    if (this.#held?.token === token) this.#held = null;
  }

  async #ask(): Promise<string> {
    const askedAtMs = this.now().getTime();
    const { url, realm, clientId, clientSecret } = this.account;
    const answer = await exchange(this.exchanges, {
      route: ROUTE,
      method: "POST",
      url: `${url}/realms/${encodeURIComponent(realm)}/protocol/openid-connect/token`,
      body: new URLSearchParams({ grant_type: "client_credentials", client_id: clientId, client_secret: clientSecret }),
    });
    // Here 400 is about the client as well: it may not have a service account.
    if (says(answer, 400)) throw failure(answer, "unauthorized");
    if (answer.status !== 200) throw refusal(answer);
    const { access_token: token, expires_in: seconds } = read(answer, TOKEN);
    this.#held = { token, askedAtMs, lifeMs: seconds * 1_000 - MARGIN_MS };
    return token;
  }
}
