/** Owns how tests watch keys come to their end on another instance than the one that ends them, and what they expect to see. */
import { setImmediate } from "node:timers/promises";
import { expect } from "vitest";
import { openKeySecrets } from "../../src/api-key/api-key.secret.js";
import { ApiKeyEnvironment } from "../../src/api-key/api-key.entity.js";
import { data } from "../testkit/outcome.js";
import type { Registry } from "../testkit/registry.js";
import { callerWith } from "../testkit/world.js";

export interface LiveKey {
  id: string;
  plaintext: string;
  tenantId: string;
}

/** The longest bound that is ever stated. */
const LONGEST_MS = 3_000;
/** Keys in one question. */
const TOGETHER = 100;

/** One key, which is ended once. */
export interface Round extends LiveKey {
  /** Resolves when it has been acknowledged that the key has ended. */
  end(): Promise<unknown>;
  /** What is said of it from then on. */
  ended: string;
}

interface Seen {
  askedAtMs: number;
  answeredAtMs: number;
  code: string;
  maxStalenessMs: number;
}

interface Ended {
  round: Round;
  /** NaN until then. */
  atMs: number;
  seen: Seen[];
}

/** Keys for the CRM, made by the registry's own hand and planted in SQL, as fast as that goes. */
export async function plantKeys({ config, sql }: Registry, tenantId: string, count: number): Promise<LiveKey[]> {
  const secrets = openKeySecrets({ peppers: config.apiKeys.peppers, log: { error: () => {} } });
  const minted = await Promise.all(Array.from({ length: count }, () => secrets.mint(ApiKeyEnvironment.PROD)));
  const rows = await sql<{ id: string; lookup_id: string }>(
    `insert into api_keys (tenant_id, product, name, scopes, hash, pepper_id, prefix, lookup_id, environment, expires_at)
     select $1, 'crm', 'live ' || m."lookupId", '{read}', m.hash, m."pepperId", m.prefix, m."lookupId", 'prod', now() + interval '90 days'
     from jsonb_to_recordset($2::jsonb) m ("lookupId" text, hash text, "pepperId" text, prefix text) returning id, lookup_id`,
    [tenantId, JSON.stringify(minted.map(({ plaintext: _plaintext, ...row }) => row))],
  );
  const plaintexts = new Map(minted.map(({ lookupId, plaintext }) => [lookupId, plaintext]));
  return rows.map(({ id, lookup_id }) => ({ id, tenantId, plaintext: plaintexts.get(lookup_id) ?? "" }));
}

/** The CRM's service, asking one instance about keys. */
export function verifierAt(app: Registry, url: string) {
  const service = callerWith({ ...app, url }, app.issuer.token({ product: "crm" }));
  const ask = async (keys: readonly LiveKey[]) => {
    const query = "query ($keys: [VerifyApiKeyInput!]!) { verifyApiKeys(keys: $keys) { code maxStalenessMs } }";
    return data(await service.run(query, { keys: keys.map(({ plaintext: key }) => ({ key })) }))["verifyApiKeys"] as Pick<Seen, "code" | "maxStalenessMs">[];
  };
  return {
    async verify(key: LiveKey): Promise<Seen> {
      const askedAtMs = performance.now();
      const query = "query ($key: String!) { verifyApiKey(key: $key) { code maxStalenessMs } }";
      const verdict = data(await service.run(query, { key: key.plaintext }))["verifyApiKey"] as Pick<Seen, "code" | "maxStalenessMs">;
      return { askedAtMs, answeredAtMs: performance.now(), ...verdict };
    },
    async verifyAll(keys: readonly LiveKey[]): Promise<Seen[]> {
      const seen: Seen[] = [];
      for (let from = 0; from < keys.length; from += TOGETHER) {
        const askedAtMs = performance.now();
        const verdicts = await ask(keys.slice(from, from + TOGETHER));
        for (const verdict of verdicts) seen.push({ askedAtMs, answeredAtMs: performance.now(), ...verdict });
      }
      return seen;
    },
  };
}

export type KeysVerifier = ReturnType<typeof verifierAt>;

/**
 * End every key, with `around` each end whatever is to happen at the same time. All `watchers` are asked about each again and again from
 * before it ends until the longest bound is over, and once more when it is over for all. Resolves to what each watcher saw of each.
 */
export async function endAll(rounds: readonly Round[], watchers: readonly KeysVerifier[], around: (round: Round) => Promise<unknown>[] = () => []): Promise<Ended[][]> {
  const watched = watchers.map((watcher) => ({ watcher, ends: rounds.map((round): Ended => ({ round, atMs: NaN, seen: [] })) }));
  let begun = 0;
  let over = false;
  const watch = async ({ watcher, ends }: (typeof watched)[number]) => {
    const isSettled = ({ atMs, seen }: Ended) => (seen.at(-1)?.askedAtMs ?? 0) > atMs + LONGEST_MS;
    for (let open = ends; !over || open.length > 0;) {
      open = ends.slice(0, begun + TOGETHER).filter((end) => !isSettled(end));
      await look(watcher, open);
      await setImmediate();
    }
    await look(watcher, ends);
  };
  const endOne = async (round: Round, index: number) => {
    begun++;
    await round.end();
    const atMs = performance.now();
    await Promise.all(watched.map(async ({ watcher, ends }) => {
      const end = ends[index] as Ended;
      end.atMs = atMs;
      end.seen.push(await watcher.verify(round));
    }));
  };
  const ending = inParallel(rounds, 4, (round, index) => Promise.all([...around(round), endOne(round, index)])).then(() => (over = true));
  await Promise.all([...watched.map(watch), ending]);
  return watched.map(({ ends }) => ends);
}

async function look(watcher: KeysVerifier, ends: readonly Ended[]): Promise<void> {
  const seen = await watcher.verifyAll(ends.map(({ round }) => round));
  for (const [index, { seen: earlier }] of ends.entries()) earlier.push(seen[index] as Seen);
}

async function inParallel<T>(items: readonly T[], atOnce: number, work: (item: T, index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++) await work(items[index] as T, index);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** No question that was asked after the end and the bound of its answer is answered with VALID; what has ended once, has; and all of them ended as they should. */
export function expectBound(ends: readonly Ended[]): void {
  const late = ends.flatMap(({ round, atMs, seen }) => seen.filter(({ code, askedAtMs, maxStalenessMs }) => code === "VALID" && askedAtMs >= atMs + maxStalenessMs).map((one) => ({ round, atMs, ...one })));
  expect(late, "VALID after the bound").toEqual([]);
  const back = ends.filter(({ seen }) => seen.some(({ code, askedAtMs }) => code === "VALID" && seen.some((earlier) => earlier.code !== "VALID" && earlier.answeredAtMs < askedAtMs)));
  expect(back, "VALID again").toEqual([]);
  expect(ends.map(({ seen }) => seen.at(-1)?.code)).toEqual(ends.map(({ round }) => round.ended));
}

/** For how long after their end keys were still said to be good. */
export function stalenessOf(ends: readonly Ended[]): string {
  const each = ends.map(({ atMs, seen }) => Math.max(0, ...seen.filter(({ code }) => code === "VALID").map(({ askedAtMs }) => askedAtMs - atMs))).toSorted((a, b) => a - b);
  const [median, p99, longest] = [0.5, 0.99, 1].map((part) => Math.round(each[Math.ceil(each.length * part) - 1] ?? NaN));
  return `VALID was still told ${longest} ms after the end at most, in ${each.length} rounds (median ${median} ms, 99 of 100 at most ${p99} ms)`;
}
