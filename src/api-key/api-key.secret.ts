/** Owns what is secret about API keys: the only file that sees argon2. How many of its calls run at once is `api-key-verdict.hashing.ts`; no plaintext is kept here. */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { argon2id, hash as argon2 } from "argon2";
import type { FastifyBaseLogger } from "fastify";
import { Fault } from "../kernel/fault.js";
import { readHash, writeHash, type EncodedHash, type HashCost } from "./api-key.encoding.js";
import type { ApiKeyEnvironment } from "./api-key.entity.js";
import type { StoredSecret } from "./api-key.facts.js";
import { newKey } from "./api-key.format.js";

/** A secret of the registry's that goes into hashes beside the key: whoever has only the table cannot try keys against it. */
export interface Pepper {
  id: string;
  secret: Buffer;
}

/** A key that was just made, with all that is ever known of it. */
export interface Minted {
  plaintext: string;
  lookupId: string;
  prefix: string;
  hash: string;
  pepperId: string;
}

export interface KeySecrets {
  mint(environment: ApiKeyEnvironment): Promise<Minted>;
  /**
   * Is this the key that the hash was made of? False for a stored hash that is unfit, too; its key's id is then in the log.
   *
   * Faults  UNAVAILABLE for a pepper that is not configured: the instance cannot tell, and must not deny.
   */
  matches(plaintext: string, stored: StoredSecret & { id?: string }): Promise<boolean>;
  /** Takes as long as `matches` does for a key that is hashed as new ones are. */
  pretend(plaintext: string): Promise<false>;
  /** What should be stored instead, for a key that was just proven; null when it is stored as it should be. */
  rehashed(plaintext: string, stored: StoredSecret): Promise<StoredSecret | null>;
}

/**
 * What new hashes cost. Nobody guesses 178 random bits at any speed, so this is not what protects them, and every first use of a key
 * pays it; the measurements are in the README's *Decisions*.
 */
const COST: HashCost = { memoryKib: 1_024, passes: 2, lanes: 1 };
const SALT_BYTES = 16;
const DIGEST_BYTES = 32;
/** Argon2 1.3. */
const VERSION = 0x13;
/** Different complaints that one instance logs; whoever presents such keys again and again must not fill the log. */
const MAX_COMPLAINTS = 100;

/** Can a key be verified against this hash at all? */
export function isFit(hash: string): boolean {
  return readHash(hash) !== null;
}

/** `peppers`: the first one is for new hashes, each for those that were made with it. */
export function openKeySecrets({ peppers, log }: { peppers: readonly Pepper[]; log: Pick<FastifyBaseLogger, "error"> }): KeySecrets {
  const [present] = peppers;
  if (!present) throw new Error("API keys cannot be hashed without a pepper");
  const secrets = new Map(peppers.map(({ id, secret }) => [id, secret]));
  const dummy: EncodedHash = { ...COST, salt: randomBytes(SALT_BYTES), digest: randomBytes(DIGEST_BYTES) };
  const complaints = new Set<string>();

  const hashed = async (plaintext: string) => {
    const salted = { ...COST, salt: randomBytes(SALT_BYTES), digest: Buffer.alloc(DIGEST_BYTES) };
    const digest = await digestOf(plaintext, salted, present.secret);
    return { hash: writeHash({ ...salted, digest }), pepperId: present.id };
  };

  const pretend = async (plaintext: string): Promise<false> => {
    timingSafeEqual(await digestOf(plaintext, dummy, present.secret), dummy.digest);
    return false;
  };

  /** Undefined where none was used. */
  const pepperOf = ({ pepperId }: StoredSecret): Buffer | undefined => {
    if (pepperId === null) return undefined;
    const secret = secrets.get(pepperId);
    if (secret) return secret;
    complain({ pepperId }, "an API key was hashed with a pepper that API_KEY_PEPPERS does not have");
    throw new Fault("UNAVAILABLE", "The registry cannot verify this API key now, try again");
  };

  const complain = (about: { apiKeyId?: string; pepperId?: string }, message: string) => {
    const complaint = `${message}:${about.apiKeyId ?? about.pepperId}`;
    if (complaints.size >= MAX_COMPLAINTS || complaints.has(complaint)) return;
    complaints.add(complaint);
    log.error(about, message);
  };

  return {
    async mint(environment) {
      const { plaintext, lookupId, prefix } = newKey(environment);
      return { plaintext, lookupId, prefix, ...(await hashed(plaintext)) };
    },
    async matches(plaintext, stored) {
      const encoded = readHash(stored.hash);
      if (encoded) return timingSafeEqual(await digestOf(plaintext, encoded, pepperOf(stored)), encoded.digest);
      complain({ apiKeyId: stored.id }, "the stored hash of an API key is unfit: the key cannot be verified");
      return pretend(plaintext);
    },
    pretend,
    async rehashed(plaintext, { hash, pepperId }) {
      const encoded = readHash(hash);
      const isAsItShouldBe = pepperId === present.id && encoded !== null && costsAsMuch(encoded, COST);
      return encoded === null || isAsItShouldBe ? null : hashed(plaintext);
    },
  };
}

/**
 * Argon2's own `verify` is not used: it computes whatever the stored text says, and one that says 4 GiB would take them.
 * What is handed over here has been through {@link readHash}.
 */
function digestOf(plaintext: string, { memoryKib, passes, lanes, salt, digest }: EncodedHash, secret: Buffer | undefined): Promise<Buffer> {
  return argon2(plaintext, {
    raw: true,
    type: argon2id,
    version: VERSION,
    memoryCost: memoryKib,
    timeCost: passes,
    parallelism: lanes,
    salt,
    hashLength: digest.length,
    secret,
  });
}

function costsAsMuch(one: HashCost, other: HashCost): boolean {
  return one.memoryKib === other.memoryKib && one.passes === other.passes && one.lanes === other.lanes;
}
