/** Owns the guarantees about the issuer's keys: how often it is asked, how rotation is followed, what an outage means. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openBearer, type BearerOptions, type BearerVerifier } from "../../src/kernel/bearer.js";
import { signingKey, startTestIssuer, type Behaviour, type TestIssuer } from "../testkit/issuer.js";

const NOT_VALID = { name: "Fault", code: "UNAUTHENTICATED", message: "The access token is not valid." };
const UNAVAILABLE = { name: "Fault", code: "UNAVAILABLE", retryable: true };
const START = Date.UTC(2026, 0, 5, 12);
const MINUTE = 60_000;
const KEY = signingKey();
const OTHER_KEY = signingKey();

let nowMs = START;
const now = () => new Date(nowMs);
let issuer: TestIssuer;

beforeEach(async () => {
  nowMs = START;
  issuer = await startTestIssuer({ now, key: KEY });
});
afterEach(() => issuer.close());

const bearer = (token: string) => [`Bearer ${token}`];

function verifierOf({ issuer: address, audience, profile }: TestIssuer, options: Partial<BearerOptions> = {}): BearerVerifier {
  return openBearer({ issuer: address, audience, profile, allowHttp: true, now, ...options });
}

async function passes(verifier: BearerVerifier): Promise<void> {
  await expect(verifier.verify(bearer(issuer.token()))).resolves.toMatchObject({ iss: issuer.issuer });
}

/** Gives up soon while the issuer hangs and never otherwise, so that a slow machine changes nothing. */
function impatience() {
  const state = { hanging: true, requests: 0 };
  const impatientFetch: typeof fetch = (input, init) => {
    state.requests += 1;
    return fetch(input, state.hanging ? init : { ...init, signal: null });
  };
  return { state, options: { timeoutMs: 50, fetch: impatientFetch } };
}

it("nothing is fetched before the first token", async () => {
  const verifier = verifierOf(issuer);
  await verifier.verify([]);
  await expect(verifier.verify(["Bearer x"])).rejects.toMatchObject(NOT_VALID);
  expect(issuer.fetches).toStrictEqual({ discovery: 0, keys: 0 });
});

it("a herd of two hundred causes one fetch", async () => {
  const verifier = verifierOf(issuer);
  await Promise.all(Array.from({ length: 200 }, () => passes(verifier)));
  expect(issuer.fetches).toStrictEqual({ discovery: 1, keys: 1 });
});

it("fresh keys are used without asking, old ones are asked for once", async () => {
  const verifier = verifierOf(issuer);
  await passes(verifier);
  nowMs += 10 * MINUTE - 1;
  await passes(verifier);
  expect(issuer.fetches.keys).toBe(1);
  nowMs += 1;
  await Promise.all([passes(verifier), passes(verifier)]);
  expect(issuer.fetches.keys).toBe(2);
});

it("a new key is found at once after the cooldown, and the old one goes on verifying", async () => {
  const verifier = verifierOf(issuer);
  const old = issuer.token();
  await passes(verifier);
  issuer.rotate();
  await expect(verifier.verify(bearer(issuer.token()))).rejects.toMatchObject(NOT_VALID);
  nowMs += 30_000;
  await Promise.all([passes(verifier), passes(verifier)]);
  await expect(verifier.verify(bearer(old))).resolves.not.toBeNull();
  expect(issuer.fetches.keys).toBe(2);
});

it("a flood of unknown key ids causes one fetch per cooldown", async () => {
  const verifier = verifierOf(issuer);
  await passes(verifier);
  const flood = () =>
    Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        expect(verifier.verify(bearer(issuer.token({}, { key: { ...OTHER_KEY, kid: `k${index}` } })))).rejects.toMatchObject(NOT_VALID),
      ),
    );
  await flood();
  expect(issuer.fetches.keys).toBe(1);
  nowMs += 30_000;
  await flood();
  expect(issuer.fetches.keys).toBe(2);
});

it("a withdrawn key stops verifying when the keys are fetched again", async () => {
  const verifier = verifierOf(issuer);
  const old = issuer.token({ exp: START / 1000 + 3_600 });
  await passes(verifier);
  issuer.publish([issuer.rotate().publicJwk]);
  nowMs += 10 * MINUTE - 1;
  await expect(verifier.verify(bearer(old))).resolves.not.toBeNull();
  nowMs += 1;
  await passes(verifier);
  await expect(verifier.verify(bearer(old))).rejects.toMatchObject(NOT_VALID);
});

it("an issuer that withdraws every key is believed: nothing verifies, though it answered", async () => {
  const verifier = verifierOf(issuer);
  await passes(verifier);
  issuer.publish([]);
  nowMs += 10 * MINUTE;
  await expect(verifier.verify(bearer(issuer.token()))).rejects.toMatchObject(UNAVAILABLE);
});

const unusable: [title: string, key: () => object][] = [
  ["for encryption", () => ({ ...KEY.publicJwk, use: "enc" })],
  ["for an algorithm that is not on the list", () => ({ ...KEY.publicJwk, alg: "RS512" })],
  ["private", () => ({ ...KEY.privateKey.export({ format: "jwk" }), kid: KEY.kid, use: "sig" })],
  ["shared", () => ({ kty: "oct", k: "c2VjcmV0", kid: KEY.kid })],
  ["too short", () => ({ ...signingKey("RS256", 1024).publicJwk, kid: KEY.kid })],
  ["unreadable", () => ({ ...KEY.publicJwk, n: 7 })],
];
it.each(unusable)("a key that is %s does not count as one", async (_title, key) => {
  issuer.publish([key()]);
  await expect(verifierOf(issuer).ready()).rejects.toMatchObject(UNAVAILABLE);
  issuer.publish([key(), OTHER_KEY.publicJwk]);
  const verifier = verifierOf(issuer);
  await verifier.ready();
  await expect(verifier.verify(bearer(issuer.token()))).rejects.toMatchObject(NOT_VALID);
});

it("without leave for plain http, the key set must be https too", async () => {
  const asked: string[] = [];
  const fetchDocument = async (url: unknown) => {
    asked.push(String(url));
    return Response.json({ issuer: "https://id.example/a", jwks_uri: "http://id.example/keys" });
  };
  const verifier = verifierOf(issuer, { issuer: "https://id.example/a", allowHttp: false, fetch: fetchDocument });
  await expect(verifier.ready()).rejects.toMatchObject(UNAVAILABLE);
  expect(asked).toStrictEqual(["https://id.example/a/.well-known/openid-configuration"]);
});

describe("during an outage", () => {
  const behaviours: Behaviour[] = ["fail", "hang", "reset", "redirect", "oversize", "html", "garbage", { document: null }, { document: { keys: 1 } }];
  const cases = behaviours.flatMap((behaviour) => (["discovery", "keys"] as const).map((at) => [JSON.stringify(behaviour), at, behaviour] as const));

  it.each(cases)("without keys (%s at %s) every token is met with a retryable fault, and it heals by itself", async (_name, at, behaviour) => {
    const { state, options } = impatience();
    const verifier = verifierOf(issuer, options);
    issuer.behave(behaviour, at);
    const fault = await verifier.verify(bearer(issuer.token())).catch((error: unknown) => error);
    expect(fault).toMatchObject({ ...UNAVAILABLE, message: "Access tokens cannot be checked at the moment. Try again shortly." });
    await expect(verifier.ready()).rejects.toMatchObject(UNAVAILABLE);
    issuer.behave("answer");
    state.hanging = false;
    nowMs += MINUTE;
    await verifier.ready();
    await passes(verifier);
  });

  const documents: [title: string, document: (own: string) => object][] = [
    ["another issuer", (own) => ({ issuer: "https://victim.example", jwks_uri: `${own}/protocol/openid-connect/certs` })],
    ["the issuer and a trailing slash", (own) => ({ issuer: `${own}/`, jwks_uri: `${own}/protocol/openid-connect/certs` })],
    ["the issuer in another spelling", (own) => ({ issuer: own.replace("http:", "HTTP:"), jwks_uri: `${own}/protocol/openid-connect/certs` })],
    ["no key set", (own) => ({ issuer: own })],
    ["a key set in a file", (own) => ({ issuer: own, jwks_uri: "file:///etc/passwd" })],
  ];
  it.each(documents)("a discovery document that names %s is not believed", async (_title, document) => {
    issuer.behave({ document: document(issuer.issuer) }, "discovery");
    await expect(verifierOf(issuer).verify(bearer(issuer.token()))).rejects.toMatchObject(UNAVAILABLE);
    expect(issuer.fetches.keys).toBe(0);
  });

  it("a herd waits for one fetch and fails together", async () => {
    issuer.behave("hang");
    const { state, options } = impatience();
    const verifier = verifierOf(issuer, options);
    await Promise.all(Array.from({ length: 50 }, () => expect(verifier.verify(bearer(issuer.token()))).rejects.toMatchObject(UNAVAILABLE)));
    expect(state.requests).toBe(1);
  });

  it("failing fetches are spaced by growing pauses, whatever the traffic", async () => {
    issuer.behave("fail");
    const verifier = verifierOf(issuer);
    const fetchesWithin = async (ms: number) => {
      const before = issuer.fetches.discovery;
      for (const end = nowMs + ms; nowMs < end; nowMs += 250) await verifier.ready().catch(() => undefined);
      return issuer.fetches.discovery - before;
    };
    // Pauses double from 1 s to 60 s, each cut by up to a half.
    expect(await fetchesWithin(500)).toBe(1);
    expect(await fetchesWithin(MINUTE)).toBeLessThanOrEqual(7);
    expect(await fetchesWithin(10 * MINUTE)).toBeLessThanOrEqual(21);
    expect(await fetchesWithin(MINUTE)).toBeGreaterThanOrEqual(1);
  });

  it("keys already held go on verifying for an hour and no longer", async () => {
    const warnings: string[] = [];
    const verifier = verifierOf(issuer, { log: { warn: (_detail, message) => warnings.push(message) } });
    await passes(verifier);
    issuer.behave("fail");
    nowMs += 60 * MINUTE - 1;
    await passes(verifier);
    await verifier.ready();
    expect(warnings).toStrictEqual(["the issuer's signing keys could not be fetched"]);
    nowMs += 1;
    await expect(verifier.verify(bearer(issuer.token()))).rejects.toMatchObject(UNAVAILABLE);
    await expect(verifier.ready()).rejects.toMatchObject(UNAVAILABLE);
  });

  it("held keys still refuse bad tokens as bad", async () => {
    const verifier = verifierOf(issuer);
    await passes(verifier);
    issuer.behave("fail");
    nowMs += 20 * MINUTE;
    await expect(verifier.verify(bearer(issuer.token({ aud: "other" })))).rejects.toMatchObject(NOT_VALID);
  });

  it("nobody waits for a retry while held keys serve", async () => {
    const verifier = verifierOf(issuer, { timeoutMs: 10 * MINUTE });
    await passes(verifier);
    issuer.behave("fail");
    nowMs += 20 * MINUTE;
    await passes(verifier);
    issuer.behave("hang");
    nowMs += MINUTE;
    await passes(verifier);
    issuer.behave("answer");
  });

  it("a token with an unknown key is not called bad while the issuer cannot be asked", async () => {
    const verifier = verifierOf(issuer);
    await passes(verifier);
    issuer.rotate();
    issuer.behave("fail");
    nowMs += MINUTE;
    await expect(verifier.verify(bearer(issuer.token()))).rejects.toMatchObject(UNAVAILABLE);
    await expect(verifier.verify(bearer(issuer.token()))).rejects.toMatchObject(UNAVAILABLE);
    expect(issuer.fetches.discovery).toBe(2);
    issuer.behave("answer");
    nowMs += 1_000;
    await passes(verifier);
  });

  it("a clock that is set back does not prolong old keys", async () => {
    const verifier = verifierOf(issuer);
    await passes(verifier);
    issuer.behave("fail");
    nowMs -= 24 * 60 * MINUTE;
    await expect(verifier.verify(bearer(issuer.token()))).rejects.toMatchObject(UNAVAILABLE);
  });
});
