import { describe, expect, it } from "vitest";
import type { BearerVerifier, VerifiedClaims } from "../../src/kernel/bearer.js";
import { Fault } from "../../src/kernel/fault.js";
import { rememberVerified } from "../../src/kernel/verified-tokens.js";

const NOW = new Date("2026-01-01T00:00:00Z");
const CLAIMS: VerifiedClaims = { iss: "i", sub: "s", aud: "a", iat: NOW.getTime() / 1000, exp: NOW.getTime() / 1000 + 10 };

/** A verifier that accepts `Bearer good…`, counts how often it was asked, and refuses everything else. */
function counted() {
  const asked: (readonly string[])[] = [];
  const verifier: BearerVerifier = {
    ready: async () => undefined,
    async verify(authorization) {
      asked.push(authorization);
      if (authorization.length === 0) return null;
      if (authorization.length === 1 && authorization[0]?.startsWith("Bearer good")) return CLAIMS;
      throw new Fault("UNAUTHENTICATED", "no");
    },
  };
  return { asked, verifier };
}

describe("remembering verified tokens", () => {
  it("a token that was verified is not verified again while it lives", async () => {
    const { asked, verifier } = counted();
    const remembering = rememberVerified(verifier, () => NOW);
    expect(await remembering.verify(["Bearer good"])).toBe(CLAIMS);
    expect(await remembering.verify(["Bearer good"])).toBe(CLAIMS);
    expect(asked).toHaveLength(1);
  });

  it("a token is verified again at its end, not remembered beyond it", async () => {
    const { asked, verifier } = counted();
    let now = NOW;
    const remembering = rememberVerified(verifier, () => now);
    await remembering.verify(["Bearer good"]);
    now = new Date(NOW.getTime() + 10_000);
    await remembering.verify(["Bearer good"]);
    expect(asked).toHaveLength(2);
  });

  it("a refusal is never remembered, and another spelling of a remembered token is verified", async () => {
    const { asked, verifier } = counted();
    const remembering = rememberVerified(verifier, () => NOW);
    await remembering.verify(["Bearer good"]);
    for (let time = 0; time < 2; time++) await expect(remembering.verify(["Bearer bad"])).rejects.toThrow(Fault);
    await remembering.verify(["Bearer good "]);
    await expect(remembering.verify(["Bearer good", "Bearer good"])).rejects.toThrow(Fault);
    expect(await remembering.verify([])).toBeNull();
    expect(asked).toHaveLength(6);
  });
});
