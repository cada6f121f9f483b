/** Owns the composition of what verifies API keys: secrets, queue, memory, notices and notes of use, started and stopped together. */
import type { FastifyBaseLogger } from "fastify";
import { SERVICE_ROLE } from "../migrations/door-roles.js";
import { keyReads } from "./api-key/api-key.facts.js";
import { openHashQueue } from "./api-key-verdict/api-key-verdict.hashing.js";
import { openLeakDesk } from "./api-key-leak/api-key-leak.desk.js";
import { openKeySecrets } from "./api-key/api-key.secret.js";
import { openKeyUsage } from "./api-key-usage/api-key-usage.collector.js";
import { keyUsageRetention } from "./api-key-usage/api-key-usage.retention.js";
import { openKeyVerifier } from "./api-key-verdict/api-key-verdict.verifier.js";
import type { Catalog } from "./catalog/catalog.js";
import { BOUNDS, type Config } from "./config.js";
import type { House } from "./kernel/doors.js";
import { openKeyDoor } from "./kernel/key-door.js";
import { openNotices } from "./kernel/notices.js";
import type { Facilities } from "./kernel/request.js";

export interface KeyParts {
  house: House;
  config: Pick<Config, "apiKeys" | "database">;
  catalog: Catalog;
  now: () => Date;
  log: FastifyBaseLogger;
}

export interface Keys {
  facilities: Pick<Facilities, "keySecrets" | "keyVerifier" | "leaks" | "forgetKeyUsage">;
  /** Hear of changes, and write down again and again how keys are used. Until then what is known of keys is read again every second. */
  start(): void;
  /** Write down the last uses, while there is a database, and hear nothing more. When nobody verifies any more. */
  close(): Promise<void>;
}

export function openKeys({ house, config: { apiKeys, database }, catalog, now, log }: KeyParts): Keys {
  const operationMs = BOUNDS.operationMs;
  const door = openKeyDoor(house);
  const notices = openNotices({ url: database?.url ?? null, role: SERVICE_ROLE, log });
  const usage = openKeyUsage({ door, now, log });
  const keySecrets = openKeySecrets({ peppers: apiKeys.peppers, log });
  const keyVerifier = openKeyVerifier({
    reads: keyReads(door, house),
    secrets: keySecrets,
    queue: openHashQueue({ longestWaitMs: operationMs }),
    notices,
    usage,
    catalog,
    imported: apiKeys.imported,
    now,
    operationMs,
    log,
  });
  return {
    facilities: { keySecrets, keyVerifier, leaks: openLeakDesk({ house, verifier: keyVerifier, operationMs }), forgetKeyUsage: keyUsageRetention(house) },
    start() {
      notices.start();
      usage.start();
    },
    async close() {
      await usage.close();
      await notices.close();
    },
  };
}
