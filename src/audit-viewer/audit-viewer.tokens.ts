/** Owns the viewer token as text: how one is signed, and what one says that holds up. Nothing of it is stored. */
import { createPublicKey, type KeyObject } from "node:crypto";
import { jwtVerify, SignJWT } from "jose";
import type { SigningKey } from "../audit-proof/audit-proof.keys.js";
import { rejectedToken } from "../kernel/bearer.js";
import type { EventNarrowing } from "../kernel/principal.js";

export const VIEWER_TOKEN_MINUTES = 5;
/** Of one token, whatever reads its clock. */
const LIFETIME_SECONDS = VIEWER_TOKEN_MINUTES * 60;
/** Clock difference between instances that is forgiven. */
const LEEWAY_SECONDS = 5;

/** The same keys sign checkpoints and exports: what a signature is good for is said by the type. */
const TYPE = "audit-viewer+jwt";
const ALGORITHM = "EdDSA";
const AUDIENCE = "audit-viewer";

/** Who may look at which events of which tenant. */
export interface Viewing {
  /** Names the token in the log. */
  readonly tokenId: string;
  readonly tenantId: string;
  /** Subject of whoever looks. */
  readonly subject: string;
  /** Absent: at all events of the tenant. */
  readonly narrowedTo?: EventNarrowing | undefined;
}

export interface SignedToken {
  readonly token: string;
  readonly expiresAt: Date;
}

export interface ViewerTokens {
  sign(viewing: Viewing): Promise<SignedToken>;
  /**
   * Null for what is no viewer token that one of the keys could have signed; somebody else may know it.
   *
   * Faults  UNAUTHENTICATED when it does not hold up: changed, of another registry, not yet or no longer good.
   */
  open(token: string): Promise<Viewing> | null;
}

export interface ViewerTokenParts {
  /** The first one signs; all of them are believed. */
  keys: readonly [SigningKey, ...SigningKey[]];
  /** This registry's own address. */
  issuer: string;
  now: () => Date;
}

interface Claims {
  tenant: string;
  narrow?: EventNarrowing;
}

export function openViewerTokens({ keys, issuer, now }: ViewerTokenParts): ViewerTokens {
  // A token that was made here begins with one of these texts, so that looking costs the tokens of others nothing.
  const headers = new Map(keys.map(({ id, privateKey }) => [Buffer.from(JSON.stringify(headerOf(id))).toString("base64url"), createPublicKey(privateKey)]));
  const [{ id: keyId, privateKey }] = keys;

  async function verified(token: string, key: KeyObject): Promise<Viewing> {
    try {
      const { payload } = await jwtVerify<Claims>(token, key, {
        algorithms: [ALGORITHM],
        typ: TYPE,
        issuer,
        audience: AUDIENCE,
        requiredClaims: ["sub", "jti", "tenant", "iat", "exp"],
        maxTokenAge: LIFETIME_SECONDS,
        clockTolerance: LEEWAY_SECONDS,
        currentDate: now(),
      });
      const { sub: subject = "", jti: tokenId = "", tenant: tenantId, narrow: narrowedTo } = payload;
      return { tokenId, tenantId, subject, ...(narrowedTo && { narrowedTo }) };
    } catch (error) {
      // Only the message: the library's errors carry the whole claims set, which does not belong in a log.
      throw rejectedToken(error instanceof Error ? error.message : String(error));
    }
  }

  return {
    async sign({ tokenId, tenantId, subject, narrowedTo }) {
      const issuedAt = Math.floor(now().getTime() / 1000);
      const expiry = issuedAt + LIFETIME_SECONDS;
      const claims: Claims = { tenant: tenantId, ...(narrowedTo && { narrow: narrowedTo }) };
      const token = await new SignJWT({ ...claims })
        .setProtectedHeader(headerOf(keyId))
        .setIssuer(issuer)
        .setAudience(AUDIENCE)
        .setSubject(subject)
        .setJti(tokenId)
        .setIssuedAt(issuedAt)
        .setExpirationTime(expiry)
        .sign(privateKey);
      return { token, expiresAt: new Date(expiry * 1000) };
    },
    open(token) {
      const key = headers.get(token.slice(0, token.indexOf(".")));
      return key ? verified(token, key) : null;
    },
  };
}

function headerOf(keyId: string) {
  return { alg: ALGORITHM, kid: keyId, typ: TYPE };
}
