/** Owns the identity provider of the tests: discovery and keys over real HTTP, any token, and every way to misbehave. */
import { constants, createHmac, generateKeyPairSync, randomUUID, sign, type JsonWebKey, type KeyObject } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TokenProfile } from "../../src/kernel/bearer.js";

export type KeyAlgorithm = "RS256" | "PS256" | "ES256" | "EdDSA";

/** What the issuer does when asked; `{ document }` answers that instead of what it should. */
export type Behaviour = "answer" | "fail" | "hang" | "reset" | "redirect" | "oversize" | "html" | "garbage" | { document: unknown };

export type Endpoint = "discovery" | "keys";

export interface TestIssuerOptions {
  profile?: TokenProfile;
  audience?: string;
  /** The first active key; by default a new one, which takes a moment to make. */
  key?: SigningKey;
  now?: () => Date;
}

export interface SigningKey {
  readonly kid: string;
  readonly alg: KeyAlgorithm;
  readonly privateKey: KeyObject;
  readonly publicJwk: JsonWebKey;
}

/** How a token differs from a proper one; header members that are undefined are left out. */
export interface TokenOverrides {
  header?: Record<string, unknown>;
  /** The exact text of the payload, for what no serialiser would write. */
  payloadText?: string;
  headerText?: string;
  key?: SigningKey;
  /** Signs with HMAC and these bytes. */
  secret?: string | Buffer;
}

export interface TestIssuer {
  readonly issuer: string;
  readonly audience: string;
  readonly profile: TokenProfile;
  /** Requests seen so far. */
  readonly fetches: Record<Endpoint, number>;
  /** The key that signs unless told otherwise. */
  readonly activeKey: SigningKey;
  /** From now on, at one endpoint or at both. "answer" also releases what hangs. */
  behave(behaviour: Behaviour, at?: Endpoint): void;
  /** Sign with a new key; older ones stay published. */
  rotate(alg?: KeyAlgorithm): SigningKey;
  /** Publish exactly these instead. */
  publish(keys: readonly object[]): void;
  /** A token with the given claims over the usual ones (undefined leaves one out), good for 5 minutes. */
  token(claims?: Record<string, unknown>, overrides?: TokenOverrides): string;
  close(): Promise<void>;
}

const OVERSIZE_BYTES = 300 * 1024;

/** A new key pair, published nowhere. */
export function signingKey(alg: KeyAlgorithm = "RS256", rsaBits = 2048): SigningKey {
  const pair =
    alg === "ES256"
      ? generateKeyPairSync("ec", { namedCurve: "P-256" })
      : alg === "EdDSA"
        ? generateKeyPairSync("ed25519")
        : generateKeyPairSync("rsa", { modulusLength: rsaBits });
  const kid = randomUUID();
  return { kid, alg, privateKey: pair.privateKey, publicJwk: { ...pair.publicKey.export({ format: "jwk" }), kid, alg, use: "sig" } };
}

/** Start an issuer on a port of its own; close it when done. */
export async function startTestIssuer(options: TestIssuerOptions = {}): Promise<TestIssuer> {
  const { profile = "keycloak", audience = "tenant-registry", now = () => new Date() } = options;
  const fetches: Record<Endpoint, number> = { discovery: 0, keys: 0 };
  const behaviours: Record<Endpoint, Behaviour> = { discovery: "answer", keys: "answer" };
  const hanging = new Set<() => void>();
  let activeKey = options.key ?? signingKey();
  // Keycloak publishes an encryption key beside its signing keys; that it is the same material makes picking it by mistake visible.
  let published: readonly object[] = [{ ...activeKey.publicJwk, kid: randomUUID(), alg: "RSA-OAEP", use: "enc" }, activeKey.publicJwk];

  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    const endpoint = path.endsWith("/openid-configuration") ? "discovery" : path.endsWith("/certs") ? "keys" : null;
    if (endpoint === null) return void response.writeHead(404).end();
    fetches[endpoint] += 1;
    const document = endpoint === "discovery" ? discoveryDocument() : { keys: published };
    // Whoever follows the redirect gets the right document: only refusing to follow makes a difference.
    if (path.startsWith("/moved/")) return json(response, document);
    answer(behaviours[endpoint], response, path, document, hanging);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}/realms/test`;
  const discoveryDocument = () => ({ issuer, jwks_uri: `${issuer}/protocol/openid-connect/certs`, token_endpoint: `${issuer}/token` });

  return {
    issuer,
    audience,
    profile,
    fetches,
    get activeKey() {
      return activeKey;
    },
    behave(behaviour, at) {
      for (const endpoint of at === undefined ? (["discovery", "keys"] as const) : [at]) behaviours[endpoint] = behaviour;
      if (behaviour !== "answer") return;
      for (const release of hanging) release();
      hanging.clear();
    },
    rotate(alg = "RS256") {
      activeKey = signingKey(alg);
      published = [activeKey.publicJwk, ...published];
      return activeKey;
    },
    publish(keys) {
      published = keys;
    },
    token(claims = {}, overrides = {}) {
      const issuedAt = Math.floor(now().getTime() / 1000);
      const usual = { iss: issuer, aud: audience, sub: randomUUID(), iat: issuedAt, exp: issuedAt + 300, jti: randomUUID(), azp: "portal" };
      const ofProfile = profile === "keycloak" ? { typ: "Bearer" } : { client_id: "portal" };
      const key = overrides.key ?? activeKey;
      const header = { alg: key.alg, typ: profile === "keycloak" ? "JWT" : "at+jwt", kid: key.kid, ...overrides.header };
      const parts = [overrides.headerText ?? JSON.stringify(header), overrides.payloadText ?? JSON.stringify({ ...usual, ...ofProfile, ...claims })];
      const signed = parts.map((part) => Buffer.from(part).toString("base64url")).join(".");
      return `${signed}.${signature(signed, header.alg, key, overrides.secret)}`;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function signature(signed: string, alg: string, key: SigningKey, secret: string | Buffer | undefined): string {
  if (secret !== undefined) return createHmac("sha256", secret).update(signed).digest("base64url");
  if (alg === "none") return "";
  const data = Buffer.from(signed);
  // What the key can do decides, so that a header can lie about it; RSA does both paddings.
  if (key.alg === "EdDSA") return sign(null, data, key.privateKey).toString("base64url");
  if (key.alg === "ES256") return sign("sha256", data, { key: key.privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url");
  const padding = alg === "PS256" ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : {};
  return sign(alg === "RS512" ? "sha512" : "sha256", data, { key: key.privateKey, ...padding }).toString("base64url");
}

function json(response: ServerResponse, document: unknown): void {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(document));
}

function answer(behaviour: Behaviour, response: ServerResponse, path: string, document: object, hanging: Set<() => void>): void {
  if (typeof behaviour === "object") return json(response, behaviour.document);
  switch (behaviour) {
    case "answer":
      return json(response, document);
    case "fail":
      return void response.writeHead(500, { "content-type": "application/json" }).end(JSON.stringify(document));
    case "hang":
      return void hanging.add(() => json(response, document));
    case "reset":
      return void response.destroy();
    case "redirect":
      return void response.writeHead(302, { location: `/moved${path}` }).end();
    case "oversize":
      return json(response, { ...document, padding: "x".repeat(OVERSIZE_BYTES) });
    case "html":
      return void response.writeHead(200, { "content-type": "text/html" }).end(JSON.stringify(document));
    case "garbage":
      return void response.writeHead(200, { "content-type": "application/json" }).end("{");
  }
}
