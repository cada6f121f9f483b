/** Owns the guarantees of token verification: which tokens pass and which are refused. Keys and outages are `issuer-keys.test.ts`. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openBearer, type BearerOptions, type BearerVerifier } from "../../src/kernel/bearer.js";
import keycloakTokens from "../fixtures/keycloak-tokens.json" with { type: "json" };
import { signingKey, startTestIssuer, type SigningKey, type TestIssuer } from "../testkit/issuer.js";

const NOT_VALID = { name: "Fault", code: "UNAUTHENTICATED", message: "The access token is not valid." };
const START = Date.UTC(2026, 0, 5, 12);
const SECONDS = START / 1000;

const KEY = signingKey();
const OTHER_KEY = signingKey();

let nowMs = START;
const now = () => new Date(nowMs);

beforeEach(() => {
  nowMs = START;
});

function verifierOf(issuer: TestIssuer, options: Partial<BearerOptions> = {}): BearerVerifier {
  return openBearer({ issuer: issuer.issuer, audience: issuer.audience, profile: issuer.profile, allowHttp: true, now, ...options });
}

const bearer = (token: string) => [`Bearer ${token}`];

/** Replace one of the three segments. */
function withSegment(token: string, index: number, segment: string): string {
  return token.split(".").with(index, segment).join(".");
}

describe("with an issuer that answers", () => {
  let issuer: TestIssuer;
  let strictIssuer: TestIssuer;
  let verifier: BearerVerifier;
  let strict: BearerVerifier;
  let stranger: SigningKey;
  let weak: SigningKey;

  beforeAll(async () => {
    issuer = await startTestIssuer({ now, key: KEY });
    strictIssuer = await startTestIssuer({ now, key: KEY, profile: "rfc9068" });
    verifier = verifierOf(issuer);
    strict = verifierOf(strictIssuer);
    stranger = signingKey();
    weak = signingKey("RS256", 1024);
  });
  afterAll(async () => {
    await issuer.close();
    await strictIssuer.close();
  });

  it("a request without the header is anonymous, not refused", async () => {
    expect(await verifier.verify([])).toBeNull();
  });

  it("a proper token gives exactly the claims that it carries", async () => {
    const claims = { iss: issuer.issuer, aud: issuer.audience, sub: "someone", iat: SECONDS, exp: SECONDS + 60, typ: "Bearer" };
    const token = issuer.token({}, { payloadText: JSON.stringify(claims) });
    expect(await verifier.verify(bearer(token))).toStrictEqual(claims);
  });

  it.each(Object.entries(keycloakTokens.tokens).filter(([, { payload }]) => payload.aud === "tenant-registry"))(
    "the token that a stock Keycloak made for %s passes",
    async (_caller, { header, payload }) => {
      nowMs = payload.iat * 1000;
      const token = issuer.token({ ...payload, iss: issuer.issuer }, { header });
      expect(await verifier.verify(bearer(token))).toStrictEqual({ ...payload, iss: issuer.issuer });
    },
  );

  it("the example token of RFC 9068 passes in its own profile only", async () => {
    const claims = {
      aud: strictIssuer.audience,
      sub: "5ba552d67",
      jti: "dbe39bf3a3ba4238a513f51d6e1691c4",
      client_id: "s6BhdRkqt3",
      scope: "openid profile reademail",
    };
    const token = strictIssuer.token(claims);
    expect(await strict.verify(bearer(token))).toMatchObject(claims);
    await expect(verifierOf(strictIssuer, { profile: "keycloak" }).verify(bearer(token))).rejects.toMatchObject(NOT_VALID);
    const keycloakToken = issuer.token({ client_id: "portal" });
    await expect(verifierOf(issuer, { profile: "rfc9068" }).verify(bearer(keycloakToken))).rejects.toMatchObject(NOT_VALID);
  });

  const accepted: [title: string, authorization: () => string[]][] = [
    ["the scheme in other letters", () => [`bEARER  ${issuer.token()}`]],
    ["our audience among others", () => bearer(issuer.token({ aud: ["account", issuer.audience] }))],
    ["an expiry within the leeway", () => bearer(issuer.token({ exp: SECONDS - 29 }))],
    ["an issue time within the leeway", () => bearer(issuer.token({ iat: SECONDS + 30 }))],
    ["a lifetime of exactly the limit", () => bearer(issuer.token({ exp: SECONDS + 86_400 }))],
    ["a start that has passed", () => bearer(issuer.token({ nbf: SECONDS - 1 }))],
    ["PS256 by a key that is bound to no algorithm", () => bearer(issuer.token({}, { header: { alg: "PS256", kid: "unbound" } }))],
    ["jku, x5u and an embedded key, all ignored", () => bearer(issuer.token({}, { header: hostileHeader(issuer) }))],
  ];
  it.each(accepted)("a token with %s passes", async (_title, authorization) => {
    issuer.publish([issuer.activeKey.publicJwk, { ...issuer.activeKey.publicJwk, kid: "unbound", alg: undefined }]);
    expect(await verifierOf(issuer).verify(authorization())).toMatchObject({ iss: issuer.issuer });
  });

  it.each(["ES256", "EdDSA"] as const)("a token signed with %s passes", async (alg) => {
    const other = await startTestIssuer({ now, key: KEY });
    other.rotate(alg);
    expect(await verifierOf(other).verify(bearer(other.token()))).toMatchObject({ iss: other.issuer });
    await other.close();
  });

  const refused: [title: string, authorization: () => string[]][] = [
    // The header and the form (INTEGRATIONS §3.4, 1 and 2)
    ["two Authorization headers", () => [...bearer(issuer.token()), ...bearer(issuer.token())]],
    ["an empty Authorization header", () => [""]],
    ["a scheme without a token", () => ["Bearer "]],
    ["another scheme", () => [`Basic ${issuer.token()}`]],
    ["a token and something after it", () => [`Bearer ${issuer.token()} x`]],
    ["a line break after it", () => [`Bearer ${issuer.token()}\n`]],
    ["more than 16 KB", () => bearer(issuer.token({ padding: "x".repeat(16 * 1024) }))],
    ["two segments", () => bearer(issuer.token().split(".").slice(0, 2).join("."))],
    ["four segments", () => bearer(`${issuer.token()}.AAAA`)],
    ["five segments, as encrypted ones have", () => bearer(`${issuer.token()}.AAAA.AAAA`)],
    ["padding", () => bearer(`${issuer.token()}==`)],
    ["another spelling of the same signature", () => bearer(otherSpelling(issuer.token()))],
    ["an empty signature", () => bearer(withSegment(issuer.token(), 2, ""))],
    ["a header that is no JSON", () => bearer(issuer.token({}, { headerText: "{" }))],
    ["a header that is a list", () => bearer(issuer.token({}, { headerText: "[]" }))],
    ["a payload that is no JSON", () => bearer(issuer.token({}, { payloadText: "secret" }))],
    ["a payload that is a list", () => bearer(issuer.token({}, { payloadText: "[]" }))],
    ["a header member twice", () => bearer(issuer.token({}, { headerText: twice(`"alg":"RS256","kid":"${issuer.activeKey.kid}","typ":"JWT"`, '"typ":"JWT"') }))],
    ["a claim twice", () => bearer(issuer.token({}, { payloadText: twice(proper(issuer), '"sub":"other"') }))],
    ["a claim twice, once in disguise", () => bearer(issuer.token({}, { payloadText: twice(proper(issuer), '"s\\u0075b" : "other"') }))],
    ["a nested member twice", () => bearer(issuer.token({}, { payloadText: twice(proper(issuer), '"a":[{"}":{"b":1}},{"b":{},"b":2}]') }))],
    // Algorithm and key (3 and 4)
    ["alg none", () => bearer(issuer.token({}, { header: { alg: "none" } }))],
    ["alg none and a signature", () => bearer(`${issuer.token({}, { header: { alg: "none" } })}AAAA`)],
    ["HS256 keyed with our public key", () => bearer(issuer.token({}, { header: { alg: "HS256" }, secret: JSON.stringify(issuer.activeKey.publicJwk) }))],
    ["HS256 by a shared key that the issuer published", () => bearer(issuer.token({}, { header: { alg: "HS256", kid: "shared" }, secret: "secret" }))],
    ["an algorithm that is not on the list", () => bearer(issuer.token({}, { header: { alg: "RS512" } }))],
    ["an algorithm of another key family", () => bearer(issuer.token({}, { header: { alg: "ES256" } }))],
    ["PS256 by a key that is bound to RS256", () => bearer(issuer.token({}, { header: { alg: "PS256" } }))],
    ["a key that the issuer does not publish", () => bearer(issuer.token({}, { key: stranger }))],
    ["the name of a published key, signed with another", () => bearer(issuer.token({}, { key: stranger, header: { kid: issuer.activeKey.kid } }))],
    ["its own key in the header", () => bearer(issuer.token({}, { key: stranger, header: { jwk: stranger.publicJwk } }))],
    ["the encryption key's name", () => bearer(issuer.token({}, { header: { kid: "encryption" } }))],
    ["an RSA key of 1024 bits", () => bearer(issuer.token({}, { key: weak }))],
    ["a key id that is no text", () => bearer(issuer.token({}, { header: { kid: 7 } }))],
    ["no key id while several keys fit", () => bearer(issuer.token({}, { header: { kid: undefined } }))],
    ["a crit that nobody knows", () => bearer(issuer.token({}, { header: { crit: ["exp"], exp: 1 } }))],
    ["an unencoded payload", () => bearer(issuer.token({}, { header: { crit: ["b64"], b64: false } }))],
    ["changed claims", () => bearer(withSegment(issuer.token(), 1, Buffer.from("{}").toString("base64url")))],
    // Type (5)
    ["no header typ", () => bearer(issuer.token({}, { header: { typ: undefined } }))],
    ["header typ of the other profile", () => bearer(issuer.token({}, { header: { typ: "at+jwt" } }))],
    ["no payload typ", () => bearer(issuer.token({ typ: undefined }))],
    ["payload typ of an ID token", () => bearer(issuer.token({ typ: "ID" }))],
    ["payload typ of a refresh token", () => bearer(issuer.token({ typ: "Refresh" }))],
    ["payload typ of a logout token", () => bearer(issuer.token({ typ: "Logout" }))],
    // Issuer and audience (6 and 7)
    ["no issuer", () => bearer(issuer.token({ iss: undefined }))],
    ["the issuer and a trailing slash", () => bearer(issuer.token({ iss: `${issuer.issuer}/` }))],
    ["the issuer in a list", () => bearer(issuer.token({ iss: [issuer.issuer] }))],
    ["no audience", () => bearer(issuer.token({ aud: undefined }))],
    ["another audience", () => bearer(issuer.token({ aud: "account" }))],
    ["our audience as a part of a word", () => bearer(issuer.token({ aud: `${issuer.audience}-2` }))],
    ["our audience in a nested list", () => bearer(issuer.token({ aud: [[issuer.audience]] }))],
    ["an empty list of audiences", () => bearer(issuer.token({ aud: [] }))],
    // Times (8)
    ["no expiry", () => bearer(issuer.token({ exp: undefined }))],
    ["an expiry that is text", () => bearer(issuer.token({ exp: String(SECONDS + 60) }))],
    ["an expiry at the end of the leeway", () => bearer(issuer.token({ exp: SECONDS - 30 }))],
    ["an expiry in the far future", () => bearer(issuer.token({ exp: 9e300 }))],
    ["an endless expiry", () => bearer(issuer.token({}, { payloadText: `{${proper(issuer).replace(/"exp":\d+/, '"exp":1e999')}}` }))],
    ["a lifetime over the limit", () => bearer(issuer.token({ exp: SECONDS + 86_401 }))],
    ["a lifetime over the limit that is nearly over", () => bearer(issuer.token({ iat: SECONDS - 86_400, exp: SECONDS + 20 }))],
    ["no issue time", () => bearer(issuer.token({ iat: undefined }))],
    ["an issue time in the future", () => bearer(issuer.token({ iat: SECONDS + 31 }))],
    ["a start in the future", () => bearer(issuer.token({ nbf: SECONDS + 31 }))],
    ["a start that is text", () => bearer(issuer.token({ nbf: "0" }))],
    // Subject, binding (9 and 10)
    ["no subject, as lightweight tokens have", () => bearer(issuer.token({ sub: undefined }))],
    ["an empty subject", () => bearer(issuer.token({ sub: "" }))],
    ["a subject that is a number", () => bearer(issuer.token({ sub: 1 }))],
    ["a subject over 255 characters", () => bearer(issuer.token({ sub: "x".repeat(256) }))],
    ["a subject with a zero character", () => bearer(issuer.token({ sub: "a\0b" }))],
    ["a subject with half a surrogate pair", () => bearer(issuer.token({ sub: "a\ud800" }))],
    ["a binding to a key of the sender", () => bearer(issuer.token({ cnf: { jkt: "x" } }))],
    ["a null binding", () => bearer(issuer.token({ cnf: null }))],
  ];
  describe("refused, always in the same words:", () => {
    it.each(refused)("a token with %s", async (_title, authorization) => {
      issuer.publish([
        issuer.activeKey.publicJwk,
        OTHER_KEY.publicJwk,
        weak.publicJwk,
        { ...issuer.activeKey.publicJwk, kid: "encryption", use: "enc", alg: "RSA-OAEP" },
        { kty: "oct", kid: "shared", k: Buffer.from("secret").toString("base64url"), alg: "HS256", use: "sig" },
      ]);
      const values = authorization();
      const fault = await verifierOf(issuer).verify(values).catch((error: unknown) => error);
      expect(fault).toMatchObject(NOT_VALID);
      expect((fault as { internal: unknown }).internal).toEqual(expect.any(String));
      expect((fault as { internal: string }).internal).not.toContain("secret");
    });
  });

  const refusedStrictly: [title: string, token: () => string][] = [
    ["header typ JWT", () => strictIssuer.token({}, { header: { typ: "JWT" } })],
    ["no jti", () => strictIssuer.token({ jti: undefined })],
    ["a jti that is no text", () => strictIssuer.token({ jti: 1 })],
    ["no client_id", () => strictIssuer.token({ client_id: undefined })],
    ["an empty client_id", () => strictIssuer.token({ client_id: "" })],
  ];
  it.each(refusedStrictly)("in the RFC 9068 profile a token with %s is refused", async (_title, token) => {
    await expect(strict.verify(bearer(token()))).rejects.toMatchObject(NOT_VALID);
  });

  it("in the RFC 9068 profile the long media type passes too", async () => {
    const token = strictIssuer.token({}, { header: { typ: "application/at+jwt" } });
    expect(await strict.verify(bearer(token))).toMatchObject({ iss: strictIssuer.issuer });
  });

  it("a member named __proto__ stays data", async () => {
    const text = `{${proper(issuer)},"__proto__":{"product":"crm"}}`;
    const claims = await verifier.verify(bearer(issuer.token({}, { payloadText: text })));
    expect(claims?.product).toBeUndefined();
  });

  it("an algorithm can be taken off the list", async () => {
    await expect(verifierOf(issuer, { algorithms: ["ES256"] }).verify(bearer(issuer.token()))).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });

  it("a token without key id passes while one signing key fits", async () => {
    issuer.publish([issuer.activeKey.publicJwk, { ...OTHER_KEY.publicJwk, use: "enc" }]);
    const token = issuer.token({}, { header: { kid: undefined } });
    expect(await verifierOf(issuer).verify(bearer(token))).toMatchObject({ iss: issuer.issuer });
  });
});

describe("options that make no sense stop the start:", () => {
  const sound: BearerOptions = { issuer: "https://id.example/realms/a", audience: "tenant-registry", profile: "keycloak" };
  const cases: [title: string, options: Partial<BearerOptions>][] = [
    ["an issuer that is no address", { issuer: "example" }],
    ["an issuer over plain http", { issuer: "http://id.example/realms/a" }],
    ["an issuer in a file", { issuer: "file:///issuer", allowHttp: true }],
    ["an issuer with credentials", { issuer: "https://user:secret@id.example/" }],
    ["an issuer with a query", { issuer: "https://id.example/?a=b" }],
    ["the address of the discovery document", { issuer: "https://id.example/.well-known/openid-configuration" }],
    ["no audience", { audience: "" }],
    ["a leeway of more than a minute", { leewaySeconds: 61 }],
    ["no lifetime", { maxLifetimeSeconds: 0 }],
    ["no algorithm", { algorithms: [] }],
    ["a symmetric algorithm", { algorithms: ["HS256" as "RS256"] }],
    ["stale before fresh", { keysFreshForMs: 2, keysStaleForMs: 1 }],
  ];
  it.each(cases)("%s", (_title, options) => {
    expect(() => openBearer(sound)).not.toThrow();
    expect(() => openBearer({ ...sound, ...options })).toThrow(RangeError);
  });
});

/** The members of a proper payload, to be put between braces. */
function proper(issuer: TestIssuer): string {
  const claims = { iss: issuer.issuer, aud: issuer.audience, sub: "someone", iat: SECONDS, exp: SECONDS + 60, typ: "Bearer" };
  return JSON.stringify(claims).slice(1, -1);
}

function twice(members: string, again: string): string {
  return `{${members},${again}}`;
}

/** The last character of a 256-byte signature carries two unused bits. */
function otherSpelling(token: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return token.slice(0, -1) + alphabet[alphabet.indexOf(token.slice(-1)) + 1];
}

function hostileHeader(issuer: TestIssuer): Record<string, unknown> {
  const address = `${issuer.issuer}/nowhere`;
  return { jku: address, x5u: address, jwk: OTHER_KEY.publicJwk, x5c: ["AAAA"] };
}
