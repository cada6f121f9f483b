/** Owns the guarantees of the development issuer: its tokens go through the same door as anybody's, and outlive a restart. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Fastify from "fastify";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { allowInsecureRequests, clientCredentialsGrant, discovery } from "openid-client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  DEVELOPMENT_CALLERS,
  developmentIssuer,
  mintDevelopmentToken,
  openDevelopmentIssuer,
  type DevelopmentCaller,
  type DevelopmentCallerName,
  type DevelopmentIssuer,
} from "../../src/development/issuer.js";
import { openBearer, TOKEN_PROFILES, type TokenProfile } from "../../src/kernel/bearer.js";
import { identityFrom } from "../../src/kernel/claims.js";

const AUDIENCE = "tenant-registry";
const ACME = [{ by: "tenant-id", value: "00000000-0000-0000-0000-000000000001" }];
const BIGCORP = [{ by: "tenant-id", value: "00000000-0000-0000-0000-000000000002" }];
const NAMES = Object.keys(DEVELOPMENT_CALLERS) as DevelopmentCallerName[];

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "development-issuer-"));
});
afterAll(() => rm(directory, { recursive: true }));

/** A served issuer, whose address is known before its routes are made. */
async function serve(profile: TokenProfile, keyFile: string): Promise<{ issuer: DevelopmentIssuer; close(): Promise<void> }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/development/issuer`;
  const app = Fastify({ serverFactory: (handler) => server.on("request", handler as RequestListener) });
  const issuer = await developmentIssuer(app, { issuer: address, audience: AUDIENCE, keyFile, profile });
  await app.ready();
  return {
    issuer,
    async close() {
      server.closeAllConnections();
      await app.close();
    },
  };
}

describe.each(TOKEN_PROFILES)("in the %s profile", (profile) => {
  let served: Awaited<ReturnType<typeof serve>>;
  let issuer: DevelopmentIssuer;
  beforeAll(async () => {
    served = await serve(profile, join(directory, profile, "key.json"));
    issuer = served.issuer;
  });
  afterAll(() => served.close());

  const verified = async (token: string) => {
    const claims = await openBearer({ issuer: issuer.options.issuer, audience: AUDIENCE, profile, allowHttp: true }).verify([`Bearer ${token}`]);
    if (claims === null) throw new Error("anonymous");
    return claims;
  };

  const callers: [name: DevelopmentCallerName, identity: object][] = [
    ["acme-admin", { kind: "user", roles: ["member", "admin"], tenants: ACME }],
    ["acme-auditor", { kind: "user", roles: ["member", "auditor"], tenants: ACME }],
    ["acme-member", { kind: "user", roles: ["member"], tenants: ACME }],
    ["bigcorp-admin", { kind: "user", roles: ["member", "admin"], tenants: BIGCORP }],
    ["support", { kind: "platform", roles: ["support"] }],
    ["operator", { kind: "platform", roles: ["operator"] }],
    ["service-crm", { kind: "service", product: "crm", roles: ["service"] }],
  ];
  it("the table names every caller", () => {
    expect(callers.map(([name]) => name)).toStrictEqual(NAMES);
  });
  it.each(callers)("a minted token of %s passes the real verifier and names the right caller", async (name, identity) => {
    const claims = await verified(await mintDevelopmentToken(issuer, DEVELOPMENT_CALLERS[name]));
    expect(identityFrom(claims)).toMatchObject({ subject: DEVELOPMENT_CALLERS[name].subject, ...identity });
    expect(claims.exp - claims.iat).toBe(12 * 60 * 60);
  });

  it("the token endpoint gives a standard client the same token", async () => {
    const { options } = issuer;
    const client = await discovery(new URL(options.issuer), "acme-admin", "ignored", undefined, { execute: [allowInsecureRequests] });
    const grant = await clientCredentialsGrant(client);
    expect(grant).toMatchObject({ token_type: "bearer", expires_in: 43_200 });
    expect(identityFrom(await verified(grant.access_token))).toMatchObject({ kind: "user", tenants: ACME });
  });

  const refused: [title: string, form: Record<string, string>, status: number, error: string][] = [
    ["an unknown caller", { grant_type: "client_credentials", client_id: "stranger" }, 401, "invalid_client"],
    ["a name that every object has", { grant_type: "client_credentials", client_id: "constructor" }, 401, "invalid_client"],
    ["no caller", { grant_type: "client_credentials" }, 401, "invalid_client"],
    ["another grant", { grant_type: "password", client_id: "acme-admin" }, 400, "unsupported_grant_type"],
  ];
  it.each(refused)("the token endpoint refuses %s", async (_title, form, status, error) => {
    const response = await fetch(`${issuer.options.issuer}/token`, { method: "POST", body: new URLSearchParams(form) });
    expect([response.status, response.headers.get("cache-control"), await response.json()]).toStrictEqual([status, "no-store", { error }]);
  });

  it("the key set shows nothing private", async () => {
    const response = await fetch(`${issuer.options.issuer}/jwks`);
    const { keys } = (await response.json()) as { keys: object[] };
    expect(keys.map((key) => Object.keys(key).sort())).toStrictEqual([["alg", "e", "kid", "kty", "n", "use"]]);
  });
});

describe("tokens", () => {
  const now = () => new Date(Date.UTC(2026, 0, 5));
  const open = (keyFile: string, profile: TokenProfile = "keycloak") =>
    openDevelopmentIssuer({ issuer: "http://localhost:8090/issuer", audience: AUDIENCE, keyFile, profile, now });

  it("look like Keycloak's", async () => {
    const issuer = await open(join(directory, "looks.json"));
    const token = await mintDevelopmentToken(issuer, DEVELOPMENT_CALLERS["acme-member"]);
    expect(decodeProtectedHeader(token)).toStrictEqual({ alg: "RS256", typ: "JWT", kid: issuer.publicKey.kid });
    expect(decodeJwt(token)).toStrictEqual({
      iss: "http://localhost:8090/issuer",
      aud: AUDIENCE,
      sub: "00000000-0000-4000-8000-000000000003",
      typ: "Bearer",
      azp: "portal",
      sid: expect.any(String),
      jti: expect.stringMatching(/^onrtro:/),
      iat: 1_767_571_200,
      exp: 1_767_614_400,
      scope: "catalog.read entitlement.read environment.read flow.read product_request.read project.read team.read tenant.read tenant_context.read viewer.read",
      name: "Acme member",
      preferred_username: "acme-member",
      realm_access: { roles: ["MEMBER"] },
      tenant_id: "00000000-0000-0000-0000-000000000001",
    });
  });

  it("can be minted for callers of one's own, organisations and all", async () => {
    const issuer = await open(join(directory, "own.json"));
    const caller: DevelopmentCaller = {
      label: "Guest",
      subject: "guest",
      username: "guest",
      client: "portal",
      claims: { organization: { acme: { id: "o-1" } }, realm_access: { roles: ["AUDITOR"] } },
    };
    expect(decodeJwt(await mintDevelopmentToken(issuer, caller))).toMatchObject({
      organization: { acme: { id: "o-1" } },
      scope: "audit_event.read catalog.read entitlement.read environment.read flow.read product_request.read project.read team.read tenant.read tenant_context.read usage.read viewer.read",
    });
  });

  it("of one moment differ by their id", async () => {
    const issuer = await open(join(directory, "ids.json"));
    const [one, other] = await Promise.all([1, 2].map(() => mintDevelopmentToken(issuer, DEVELOPMENT_CALLERS.support)));
    expect(decodeJwt(one ?? "").jti).not.toBe(decodeJwt(other ?? "").jti);
  });
});

describe("the signing key", () => {
  const open = (keyFile: string) => openDevelopmentIssuer({ issuer: "http://localhost/", audience: AUDIENCE, keyFile, profile: "keycloak" });

  it("survives a restart, readable by its owner only, and leaves no draft behind", async () => {
    const home = join(directory, "restart", "deep");
    const first = await open(join(home, "key.json"));
    const second = await open(join(home, "key.json"));
    expect(second.publicKey).toStrictEqual(first.publicKey);
    expect((await stat(join(home, "key.json"))).mode & 0o777).toBe(0o600);
    expect(await readdir(home)).toStrictEqual(["key.json"]);
  });

  it("is one, also when several start at once", async () => {
    const issuers = await Promise.all(Array.from({ length: 4 }, () => open(join(directory, "race", "key.json"))));
    expect(new Set(issuers.map(({ publicKey }) => publicKey.kid)).size).toBe(1);
  });

  it.each(["", "{", "null", "{}", '{"kty":"RSA","n":"AA","e":"AQAB"}'])("is not guessed from a file that holds %j", async (content) => {
    const keyFile = join(directory, "foreign.json");
    await writeFile(keyFile, content);
    await expect(open(keyFile)).rejects.toThrow(/does not hold a development signing key/);
    expect(await readFile(keyFile, "utf8")).toBe(content);
  });
});
