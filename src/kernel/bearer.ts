/** Owns bearer token → verified claims. Where keys come from is `issuer-keys.ts`; what claims mean is `claims.ts`. */
import { jwtVerify, type JWTPayload } from "jose";
import { Fault } from "./fault.js";
import { IssuerKeys, type KeyLog } from "./issuer-keys.js";

/** Only asymmetric ones: with a shared secret, whoever can check a token could also make one. */
export const SIGNATURE_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"] as const;
export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number];

/**
 * The one shape of access token that the issuer makes; there is no "either".
 *
 * `keycloak`  header `typ` JWT, payload `typ` Bearer: what Keycloak issues unless told otherwise.
 * `rfc9068`   header `typ` at+jwt, `jti` and `client_id` present.
 */
export const TOKEN_PROFILES = ["keycloak", "rfc9068"] as const;
export type TokenProfile = (typeof TOKEN_PROFILES)[number];

export interface BearerOptions {
  /** Compared byte for byte with `iss` and with the discovery document; a trailing slash matters. */
  issuer: string;
  /** Our own identifier, which must be in `aud`. */
  audience: string;
  profile: TokenProfile;
  /** Default RS256, PS256, ES256, EdDSA. */
  algorithms?: readonly SignatureAlgorithm[];
  /** Clock difference that is forgiven, 0 to 60 s; default 30. */
  leewaySeconds?: number;
  /** Largest `exp - iat` that is accepted; default 24 hours. */
  maxLifetimeSeconds?: number;
  /** Development only: the issuer may be reached over plain http. Default false. */
  allowHttp?: boolean;
  /** Time limit of one request to the issuer; default 5 s. */
  timeoutMs?: number;
  /** How long fetched keys are used without asking again; default 10 minutes. */
  keysFreshForMs?: number;
  /** How old keys may get while the issuer fails; default 1 hour, never less than `keysFreshForMs`. */
  keysStaleForMs?: number;
  /** Pause between refreshes that are caused by unknown key ids; default 30 s. */
  keysCooldownMs?: number;
  now?: () => Date;
  fetch?: typeof fetch;
  log?: KeyLog;
}

/** Claims whose token passed every check. All other members are as untrusted in shape as any input. */
export interface VerifiedClaims extends JWTPayload {
  iss: string;
  sub: string;
  aud: string | string[];
  exp: number;
  iat: number;
}

export interface BearerVerifier {
  /**
   * Verify the distinct values of the request's `Authorization` header.
   *
   * Returns null when there is none (an anonymous request).
   * Faults   UNAUTHENTICATED for any other header or token, always in the same words; UNAVAILABLE, retryable, when the
   *          issuer's keys cannot be had.
   * Source   RFC 9068 §4, RFC 8725, RFC 6750 §2.1.
   */
  verify(authorization: readonly string[]): Promise<VerifiedClaims | null>;
  /** Resolves when usable keys are held or could be fetched. Faults: UNAVAILABLE. */
  ready(): Promise<void>;
}

const MAX_TOKEN_CHARACTERS = 16 * 1024;
const MAX_IDENTIFIER_CHARACTERS = 255;
const MINUTE_MS = 60_000;
const DEFAULT_ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"] as const satisfies readonly SignatureAlgorithm[];
const HEADER_TYPE: Record<TokenProfile, string> = { keycloak: "JWT", rfc9068: "at+jwt" };

/** The one answer to a bad token; `reason` is for the log and must not quote the token. */
export function rejectedToken(reason: string): Fault {
  return new Fault("UNAUTHENTICATED", "The access token is not valid.", { internal: reason });
}

/** Text that can be stored and logged: not empty, bounded, no control characters, no half surrogate pairs. */
export function isPlainText(value: unknown, maxCharacters: number): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= maxCharacters && !/[\p{Cc}\p{Cs}]/u.test(value);
}

/** A verifier for one issuer. It fetches nothing until it must; throws RangeError when an option makes no sense. */
export function openBearer(options: BearerOptions): BearerVerifier {
  const { leewaySeconds = 30, maxLifetimeSeconds = 24 * 60 * 60, algorithms = DEFAULT_ALGORITHMS, now = () => new Date() } = options;
  const { allowHttp = false, keysFreshForMs = 10 * MINUTE_MS, keysStaleForMs = 60 * MINUTE_MS } = options;
  checkIssuer(options.issuer, allowHttp);
  check(isPlainText(options.audience, MAX_IDENTIFIER_CHARACTERS), "audience is empty or unreadable");
  check(leewaySeconds >= 0 && leewaySeconds <= 60, "leewaySeconds is not within 0 and 60");
  check(maxLifetimeSeconds > 0, "maxLifetimeSeconds is not positive");
  check(keysStaleForMs >= keysFreshForMs, "keysStaleForMs is less than keysFreshForMs");
  check(algorithms.length > 0 && algorithms.every((one) => SIGNATURE_ALGORITHMS.includes(one)), "algorithms are not all asymmetric");
  const keys = new IssuerKeys({
    issuer: options.issuer,
    algorithms,
    allowHttp,
    timeoutMs: options.timeoutMs ?? 5_000,
    freshForMs: keysFreshForMs,
    staleForMs: keysStaleForMs,
    cooldownMs: options.keysCooldownMs ?? MINUTE_MS / 2,
    now,
    fetch: options.fetch ?? fetch,
    log: options.log,
  });

  async function verified(token: string): Promise<VerifiedClaims> {
    const [header, payload] = segmentsOf(token);
    checkMembers(header);
    const { payload: claims } = await jwtVerify<VerifiedClaims>(token, keys.find, {
      algorithms: [...algorithms],
      typ: HEADER_TYPE[options.profile],
      issuer: options.issuer,
      audience: options.audience,
      requiredClaims: ["sub", "exp", "iat"],
      clockTolerance: leewaySeconds,
      // Also what makes the library refuse an `iat` in the future.
      maxTokenAge: maxLifetimeSeconds,
      currentDate: now(),
    });
    checkMembers(payload);
    checkClaims(claims, options.profile, maxLifetimeSeconds);
    return claims;
  }

  return {
    ready: () => keys.ready(),
    async verify(authorization) {
      if (authorization.length === 0) return null;
      try {
        return await verified(tokenIn(authorization));
      } catch (error) {
        if (error instanceof Fault) throw error;
        // Only the message: the library's errors carry the whole claims set, which does not belong in a log.
        throw rejectedToken(error instanceof Error ? error.message : String(error));
      }
    },
  };
}

function check(holds: boolean, problem: string): void {
  if (!holds) throw new RangeError(`bearer: ${problem}`);
}

function checkIssuer(issuer: string, allowHttp: boolean): void {
  const url = URL.canParse(issuer) ? new URL(issuer) : null;
  check(url !== null && (url.protocol === "https:" || (allowHttp && url.protocol === "http:")), "issuer is not an https address");
  check(url?.search === "" && url.hash === "" && url.username === "", "issuer has a query, a fragment or credentials");
  // With such an address openid-client would take it for the document itself and skip its own issuer check.
  check(!issuer.includes("/.well-known/"), "issuer is the address of a document");
}

function tokenIn(authorization: readonly string[]): string {
  const [value = "", ...more] = authorization;
  if (more.length > 0) throw rejectedToken("more than one Authorization header");
  if (value.length > MAX_TOKEN_CHARACTERS + "Bearer ".length) throw rejectedToken("the token is too long");
  const [, token] = /^Bearer +([\w.-]+)$/i.exec(value) ?? [];
  if (token === undefined) throw rejectedToken("the Authorization header is not a bearer token");
  return token;
}

/**
 * The decoded header and payload of a compact JWS.
 *
 * Only the canonical base64url spelling passes: padding and unused last bits would give one signature many spellings, and with it one
 * token many texts.
 */
function segmentsOf(token: string): [header: string, payload: string] {
  const segments = token.split(".");
  if (segments.length === 5) throw rejectedToken("the token is encrypted");
  if (segments.length !== 3) throw rejectedToken("the token does not have three segments");
  const [header, payload] = segments.map((segment) => {
    const bytes = Buffer.from(segment, "base64url");
    if (bytes.length === 0 || bytes.toString("base64url") !== segment) throw rejectedToken("a segment is not base64url");
    return bytes.toString("utf8");
  });
  return [header ?? "", payload ?? ""];
}

/**
 * Refuse an object that has a member twice: parsers disagree on which one counts, and ours takes the last.
 *
 * In valid JSON a string followed by a colon is always a member name, and braces outside strings open and close objects.
 */
function checkMembers(json: string): void {
  try {
    JSON.parse(json);
  } catch {
    throw rejectedToken("a segment is not JSON");
  }
  const open: Set<unknown>[] = [];
  for (const [token, name] of json.matchAll(/("(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"|[{}]/g)) {
    if (token === "{") open.push(new Set());
    else if (token === "}") open.pop();
    else if (name !== undefined) {
      const members = open.at(-1);
      const decoded: unknown = JSON.parse(name);
      if (members?.has(decoded)) throw rejectedToken("an object has a member twice");
      members?.add(decoded);
    }
  }
}

/** What the library does not check. */
function checkClaims(claims: VerifiedClaims, profile: TokenProfile, maxLifetimeSeconds: number): void {
  if (!(claims.exp - claims.iat <= maxLifetimeSeconds)) throw rejectedToken("the token lives too long");
  if (!isPlainText(claims.sub, MAX_IDENTIFIER_CHARACTERS)) throw rejectedToken("sub is empty, too long or unreadable");
  // Bound to a key of the sender (RFC 7800); without proof of that key it is not a bearer token.
  if (claims.cnf !== undefined) throw rejectedToken("the token is sender-constrained");
  if (profile === "keycloak") {
    if (claims.typ !== "Bearer") throw rejectedToken("payload typ is not Bearer");
    return;
  }
  for (const claim of ["jti", "client_id"]) {
    if (!isPlainText(claims[claim], MAX_IDENTIFIER_CHARACTERS)) throw rejectedToken(`${claim} is missing or unreadable`);
  }
}
