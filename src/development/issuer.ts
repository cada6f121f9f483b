/** Owns the development issuer: real discovery, keys and tokens for made-up callers. That it never runs in production is `config.ts`. */
import { randomUUID } from "node:crypto";
import { link, mkdir, open, readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { FastifyInstance } from "fastify";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT, type JWK } from "jose";
import { ACTIONS_OF_ROLE } from "../kernel/action.js";
import type { TokenProfile } from "../kernel/bearer.js";
import { identityFrom } from "../kernel/claims.js";

export interface DevelopmentIssuerOptions {
  /** Address under which this issuer is reached; its path is where the routes are. */
  issuer: string;
  audience: string;
  /** Where the signing key lives, so that tokens outlive a restart. Made when absent, readable by its owner only. */
  keyFile: string;
  profile: TokenProfile;
  now?: () => Date;
}

/** An issuer that can sign. */
export interface DevelopmentIssuer {
  readonly options: DevelopmentIssuerOptions;
  readonly privateKey: JWK;
  readonly publicKey: JWK;
}

/** Someone to be while developing. */
export interface DevelopmentCaller {
  /** What a person reads in a menu. */
  readonly label: string;
  /** `sub`: fixed, so that audit events of several runs belong together. */
  readonly subject: string;
  readonly username: string;
  /** The client that asks for the token. */
  readonly client: string;
  /** What the token says beyond what every token says. */
  readonly claims: Readonly<Record<string, unknown>>;
}

const ACME = "00000000-0000-0000-0000-000000000001";
const BIGCORP = "00000000-0000-0000-0000-000000000002";
export const TOKEN_LIFETIME_SECONDS = 12 * 60 * 60;
const MAX_FORM_BYTES = 4 * 1024;

/** A person at the portal; `number` tells the fixed subjects apart. */
function person(number: number, username: string, label: string, role: string, tenantId?: string): DevelopmentCaller {
  const tenant = tenantId === undefined ? {} : { tenant_id: tenantId };
  const subject = `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
  return { label, subject, username, client: "portal", claims: { name: label, realm_access: { roles: [role] }, ...tenant } };
}

/** One caller of each kind, by name; the tenants are the two seeded ones. */
export const DEVELOPMENT_CALLERS = {
  "acme-admin": person(1, "acme-admin", "Acme administrator", "IT_ADMIN", ACME),
  "acme-auditor": person(2, "acme-auditor", "Acme auditor", "AUDITOR", ACME),
  "acme-member": person(3, "acme-member", "Acme member", "MEMBER", ACME),
  "bigcorp-admin": person(4, "bigcorp-admin", "Bigcorp administrator", "IT_ADMIN", BIGCORP),
  support: person(5, "support", "Platform support", "platform-support"),
  operator: person(6, "operator", "Platform operator", "platform-operator"),
  "service-crm": {
    label: "CRM service",
    subject: "00000000-0000-4000-8000-000000000007",
    username: "service-account-service-crm",
    client: "service-crm",
    claims: { product: "crm", client_id: "service-crm" },
  },
} as const satisfies Record<string, DevelopmentCaller>;

export type DevelopmentCallerName = keyof typeof DEVELOPMENT_CALLERS;

/** Load the signing key, or make one. Throws when the file holds something else. */
export async function openDevelopmentIssuer(options: DevelopmentIssuerOptions): Promise<DevelopmentIssuer> {
  const stored = (await storedKey(options.keyFile)) ?? (await newKey(options.keyFile));
  const { kty, n, e } = stored;
  const kid = await calculateJwkThumbprint({ kty, n, e });
  return { options, privateKey: stored, publicKey: { kty, n, e, kid, alg: "RS256", use: "sig" } };
}

/**
 * Serve discovery, key set and token endpoint below the issuer's path. Await it before the application listens.
 *
 * The token endpoint takes a `client_credentials` form whose `client_id` is one of {@link DEVELOPMENT_CALLERS}. There are no secrets:
 * whoever reaches this issuer may be anyone.
 *
 * Source   OpenID Connect Discovery 1.0 §4, RFC 6749 §4.4 and §5.
 */
export async function developmentIssuer(app: FastifyInstance, options: DevelopmentIssuerOptions): Promise<DevelopmentIssuer> {
  const issuer = await openDevelopmentIssuer(options);
  const address = options.issuer.replace(/\/$/, "");
  const path = new URL(address).pathname.replace(/\/$/, "");
  await app.register(async (routes) => {
    routes.addContentTypeParser("application/x-www-form-urlencoded", { parseAs: "string", bodyLimit: MAX_FORM_BYTES }, (_request, body, done) => {
      done(null, new URLSearchParams(String(body)));
    });
    routes.get(`${path}/.well-known/openid-configuration`, async () => ({
      issuer: options.issuer,
      jwks_uri: `${address}/jwks`,
      token_endpoint: `${address}/token`,
      token_endpoint_auth_methods_supported: ["none", "client_secret_post"],
      grant_types_supported: ["client_credentials"],
      response_types_supported: [],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["RS256"],
    }));
    routes.get(`${path}/jwks`, async () => ({ keys: [issuer.publicKey] }));
    routes.post(`${path}/token`, async (request, reply) => {
      void reply.header("cache-control", "no-store");
      const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
      if (form.get("grant_type") !== "client_credentials") return reply.code(400).send({ error: "unsupported_grant_type" });
      const caller = developmentCaller(form.get("client_id"));
      if (caller === null) return reply.code(401).send({ error: "invalid_client" });
      return {
        access_token: await mintDevelopmentToken(issuer, caller),
        token_type: "Bearer",
        expires_in: TOKEN_LIFETIME_SECONDS,
        scope: scopeOf(caller),
      };
    });
  });
  return issuer;
}

/** A signed access token for a caller, valid for 12 hours, in the shape that Keycloak gives it (or RFC 9068, by profile). */
export async function mintDevelopmentToken(issuer: DevelopmentIssuer, caller: DevelopmentCaller): Promise<string> {
  const { options, privateKey, publicKey } = issuer;
  const issuedAt = Math.floor((options.now?.() ?? new Date()).getTime() / 1000);
  const rfc9068 = options.profile === "rfc9068";
  const session = "product" in caller.claims ? {} : { sid: randomUUID() };
  return new SignJWT({
    iss: options.issuer,
    aud: options.audience,
    sub: caller.subject,
    iat: issuedAt,
    exp: issuedAt + TOKEN_LIFETIME_SECONDS,
    jti: `onrtro:${randomUUID()}`,
    azp: caller.client,
    ...(rfc9068 ? { client_id: caller.client } : { typ: "Bearer" }),
    ...session,
    scope: scopeOf(caller),
    preferred_username: caller.username,
    ...caller.claims,
  })
    .setProtectedHeader({ alg: "RS256", typ: rfc9068 ? "at+jwt" : "JWT", kid: publicKey.kid })
    .sign(privateKey);
}

/** The actions that the caller's roles permit, as scope words, so that a router can enforce what the schema asks for. */
function scopeOf({ subject, claims }: DevelopmentCaller): string {
  const { roles } = identityFrom({ iss: "", aud: "", exp: 0, iat: 0, ...claims, sub: subject });
  return [...new Set(roles.flatMap((role) => [...ACTIONS_OF_ROLE[role]]))].sort().join(" ");
}

function developmentCaller(name: string | null): DevelopmentCaller | null {
  return name !== null && Object.hasOwn(DEVELOPMENT_CALLERS, name) ? DEVELOPMENT_CALLERS[name as DevelopmentCallerName] : null;
}

async function storedKey(keyFile: string): Promise<JWK | null> {
  const text = await readFile(keyFile, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  if (text === null) return null;
  const key = parsed(text);
  if (key?.kty === "RSA" && key.d !== undefined) return key;
  throw new Error(`${keyFile} does not hold a development signing key; remove it to get a new one`);
}

function parsed(text: string): JWK | null {
  try {
    return JSON.parse(text) as JWK | null;
  } catch {
    return null;
  }
}

/** Whole or not at all, and of two processes that start at once the first one's key stays. */
async function newKey(keyFile: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const draft = `${keyFile}.${randomUUID()}`;
  await mkdir(dirname(keyFile), { recursive: true, mode: 0o700 });
  const file = await open(draft, "wx", 0o600);
  try {
    await file.writeFile(JSON.stringify(await exportJWK(privateKey)));
    await file.sync();
    await link(draft, keyFile).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  } finally {
    await file.close();
    await rm(draft);
  }
  const key = await storedKey(keyFile);
  if (key === null) throw new Error(`${keyFile} disappeared while it was made`);
  return key;
}
