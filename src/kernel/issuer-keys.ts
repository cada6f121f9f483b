/** Owns how the issuer's signing keys are found, held and given up. What a token must say is `bearer.ts`. */
import { createPublicKey } from "node:crypto";
import { createLocalJWKSet, errors, type JWK, type JWTVerifyGetKey } from "jose";
import { allowInsecureRequests, customFetch, discovery, None } from "openid-client";
import { Fault } from "./fault.js";

export interface IssuerKeysOptions {
  /** The issuer, exactly as its tokens write it in `iss`. */
  issuer: string;
  /** JWS algorithms; a published key that is bound to another one is dropped. */
  algorithms: readonly string[];
  /** Development only: also talk to the issuer over plain http. */
  allowHttp: boolean;
  /** For each of the two requests of a refresh, body included. */
  timeoutMs: number;
  /** Keys younger than this are used without asking; so long may a key that was withdrawn still verify. */
  freshForMs: number;
  /** Keys may reach this age while the issuer fails; older ones verify nothing. */
  staleForMs: number;
  /** An unknown `kid` causes no refresh when the last one is younger than this. */
  cooldownMs: number;
  now: () => Date;
  fetch: typeof fetch;
  log: KeyLog | undefined;
}

/** The part of a pino logger that is needed here. */
export interface KeyLog {
  warn(detail: object, message: string): void;
}

const MAX_BODY_BYTES = 256 * 1024;
const MIN_RSA_BITS = 2048;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;
const JSON_CONTENT = /^application\/(?:[\w.-]+\+)?json *(?:;|$)/i;
const OUTAGE = "Access tokens cannot be checked at the moment. Try again shortly.";

/**
 * The issuer's current signing keys, fetched when first needed.
 *
 * A refresh reads discovery and key set anew, so a moved key set is found. However many callers wait, one refresh runs.
 * While the issuer fails, keys already held go on verifying up to `staleForMs`, nobody waits for a retry, and retries
 * are spaced by a doubling, jittered delay. An answered key set always replaces the held one, also by nothing: keys that the issuer
 * has withdrawn must not live on as "stale".
 */
export class IssuerKeys {
  #held: { find: JWTVerifyGetKey; fetchedAtMs: number } | null = null;
  #refresh: Promise<void> | null = null;
  #attemptedAtMs = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #retryAfterMs = 0;
  #lastFailure: unknown = null;

  constructor(private readonly options: IssuerKeysOptions) {}

  /**
   * The public key for a token's header, in the form that `jwtVerify` asks for it.
   *
   * Faults   UNAVAILABLE if no keys can be had, or if the key is unknown and the issuer cannot be asked about it: a good token
   *          must not be called bad because of an outage. jose's own errors if the issuer has no such key.
   */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    await this.#refreshIfOld();
    try {
      return await this.#usable()(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      const failing = this.#failures > 0;
      if (this.#refresh === null && this.#age(this.#attemptedAtMs) < (failing ? this.#retryAfterMs : this.options.cooldownMs)) {
        throw failing ? this.#outage() : error;
      }
    }
    await this.#refreshOnce();
    if (this.#failures > 0) throw this.#outage();
    return this.#usable()(header, token);
  };

  /** Resolves when usable keys are held or could be fetched. Faults: UNAVAILABLE. */
  async ready(): Promise<void> {
    await this.#refreshIfOld();
    this.#usable();
  }

  async #refreshIfOld(): Promise<void> {
    const age = this.#heldAge();
    if (age < this.options.freshForMs) return;
    const failing = this.#failures > 0;
    if (failing && this.#refresh === null && this.#age(this.#attemptedAtMs) < this.#retryAfterMs) return;
    const refreshed = this.#refreshOnce();
    if (!failing || age >= this.options.staleForMs) await refreshed;
  }

  #usable(): JWTVerifyGetKey {
    if (this.#held === null || this.#heldAge() >= this.options.staleForMs) throw this.#outage();
    return this.#held.find;
  }

  #refreshOnce(): Promise<void> {
    this.#refresh ??= this.#load().finally(() => {
      this.#refresh = null;
    });
    return this.#refresh;
  }

  /** Never rejects: a failure is remembered, logged, and told to whoever finds no usable key. */
  async #load(): Promise<void> {
    const startedAtMs = this.options.now().getTime();
    try {
      const keys = (await fetchKeySet(this.options)).filter((key) => isSigningKey(key, this.options.algorithms));
      this.#held = keys.length > 0 ? { find: createLocalJWKSet({ keys }), fetchedAtMs: startedAtMs } : null;
      if (this.#held === null) throw new Error("the issuer publishes no usable signing key");
      this.#failures = 0;
    } catch (error) {
      this.#failures += 1;
      this.#lastFailure = error;
      const delayMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failures - 1));
      // Jitter, so that instances which lost the issuer together do not come back together.
      this.#retryAfterMs = (delayMs / 2) * (1 + Math.random());
      this.options.log?.warn(
        { err: error, failures: this.#failures, retryAfterMs: this.#retryAfterMs, keysUsable: this.#heldAge() < this.options.staleForMs },
        "the issuer's signing keys could not be fetched",
      );
    }
    this.#attemptedAtMs = this.options.now().getTime();
  }

  #heldAge(): number {
    return this.#held === null ? Number.POSITIVE_INFINITY : this.#age(this.#held.fetchedAtMs);
  }

  /** A clock that was set back makes everything old, so that it can neither prolong keys nor a back-off. */
  #age(sinceMs: number): number {
    const ageMs = this.options.now().getTime() - sinceMs;
    return ageMs < 0 ? Number.POSITIVE_INFINITY : ageMs;
  }

  #outage(): Fault {
    return new Fault("UNAVAILABLE", OUTAGE, { internal: this.#lastFailure });
  }
}

/** Discovery, then the key set it points to. Rejects on anything but a conforming answer of the configured issuer. */
async function fetchKeySet(options: IssuerKeysOptions): Promise<JWK[]> {
  // No client of ours takes part in reading public metadata; the library wants an identifier all the same.
  const configuration = await discovery(new URL(options.issuer), "resource-server", undefined, None(), {
    execute: options.allowHttp ? [allowInsecureRequests] : [],
    [customFetch]: (url) => fetchJson(options, url),
  });
  const { issuer, jwks_uri } = configuration.serverMetadata();
  // The library compares parsed addresses, which lets a different spelling pass, and nothing at all for some vendors.
  if (issuer !== options.issuer) throw new Error("the discovery document is another issuer's");
  if (jwks_uri === undefined) throw new Error("the discovery document names no jwks_uri");
  const { protocol } = new URL(jwks_uri);
  if (protocol !== "https:" && !(options.allowHttp && protocol === "http:")) throw new Error("jwks_uri is not https");
  const document: unknown = await (await fetchJson(options, jwks_uri)).json();
  return createLocalJWKSet(document as Parameters<typeof createLocalJWKSet>[0]).jwks().keys;
}

/** GET one JSON document: no redirects, bounded time, bounded size, status 200 and a JSON content type or nothing. */
async function fetchJson(options: IssuerKeysOptions, url: string): Promise<Response> {
  const response = await options.fetch(url, {
    headers: { accept: "application/json" },
    redirect: "manual",
    signal: AbortSignal.timeout(options.timeoutMs),
  });
  const type = response.headers.get("content-type") ?? "";
  if (response.status !== 200 || response.body === null || !JSON_CONTENT.test(type)) {
    await response.body?.cancel();
    throw new Error(`${url} answered ${response.status} with content type "${type}"`);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.byteLength;
    if (size > MAX_BODY_BYTES) throw new Error(`${url} answered more than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return new Response(Buffer.concat(chunks), { headers: { "content-type": "application/json" } });
}

/** Keycloak publishes encryption keys in the same set; private or unreadable material is nobody's signing key either. */
function isSigningKey(jwk: JWK, algorithms: readonly string[]): boolean {
  if (jwk.use !== undefined && jwk.use !== "sig") return false;
  if (jwk.alg !== undefined && !algorithms.includes(jwk.alg)) return false;
  if (jwk.d !== undefined) return false;
  try {
    const key = createPublicKey({ key: { ...jwk }, format: "jwk" });
    return key.asymmetricKeyType !== "rsa" || (key.asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS;
  } catch {
    return false;
  }
}
