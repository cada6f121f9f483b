/** Owns the question what argon2 costs: what the product takes beside what is recommended for passwords, with nothing around them. */
import { randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import { argon2id, hash } from "argon2";
import type { KeySecrets } from "../../src/api-key/api-key.secret.js";
import type { Options } from "../options.js";
import { ratio, spread } from "../report/statistics.js";
import { spreadText, table } from "../report/table.js";
import { rotated } from "../rounds.js";
import { say } from "../stage.js";
import { hashOf, KEYS, keysAt, PEPPER } from "../world/key-set.js";

export interface CostRow {
  title: string;
  memoryKib: number;
  passes: number;
  lanes: number;
  atOnce: number;
  /** Of each round. */
  perSecond: number[];
}

/** OWASP's first choice for passwords, and the default of argon2's libraries. */
const FOR_PASSWORDS = { title: "recommended for passwords", memoryKib: 19_456, passes: 2, lanes: 1 };

export async function cost({ rounds, seconds }: Options, secrets: KeySecrets): Promise<CostRow[]> {
  const chosen = await chosenBy(secrets);
  const rows = [chosen, FOR_PASSWORDS].flatMap((one) => [...new Set([1, availableParallelism()])].map((atOnce): CostRow => ({ ...one, atOnce, perSecond: [] })));
  for (const row of rows) await hashesPerSecond(row, 0.2);
  for (let round = 0; round < rounds; round++) {
    for (const row of rotated(rows, round)) row.perSecond.push(await hashesPerSecond(row, seconds));
    say(`cost round ${round + 1}/${rounds}`);
  }
  return rows;
}

/** As the product's own hashes say. */
async function chosenBy(secrets: KeySecrets): Promise<Pick<CostRow, "title" | "memoryKib" | "passes" | "lanes">> {
  const text = keysAt(0, 1, "planted")[0]?.text ?? "";
  const [, memory, passes, lanes] = /\$m=(\d+),t=(\d+),p=(\d+)\$/.exec((await hashOf(secrets, text)).hash) ?? [];
  return { title: "chosen for keys", memoryKib: Number(memory), passes: Number(passes), lanes: Number(lanes) };
}

async function hashesPerSecond({ memoryKib, passes, lanes, atOnce }: CostRow, seconds: number): Promise<number> {
  const [key] = keysAt(0, 1, "planted");
  const settings = { raw: true, type: argon2id, memoryCost: memoryKib, timeCost: passes, parallelism: lanes, hashLength: 32, secret: PEPPER.secret } as const;
  const startedAt = performance.now();
  const until = startedAt + seconds * 1_000;
  let hashes = 0;
  async function hashOn(): Promise<void> {
    for (; performance.now() < until; hashes++) await hash(key?.text ?? "", { ...settings, salt: randomBytes(16) });
  }
  await Promise.all(Array.from({ length: atOnce }, hashOn));
  return (hashes * 1_000) / (performance.now() - startedAt);
}

export function costSection(rows: readonly CostRow[]): string {
  const lines = rows.map((row) => {
    const first = rows.find(({ atOnce }) => atOnce === row.atOnce);
    return [
      row.title,
      `m=${row.memoryKib}, t=${row.passes}, p=${row.lanes}`,
      String(row.atOnce),
      spreadText(spread(row.perSecond), 0),
      (1_000 / spread(row.perSecond).median * row.atOnce).toFixed(2),
      first === row ? "1" : spreadText(ratio(row.perSecond, first?.perSecond ?? []), 3),
      (KEYS / spread(row.perSecond).median).toFixed(1),
    ];
  });
  return [
    `### argon2id alone (cost)\n\nIn the benchmark's own process (Node ${process.version}), with a pepper, and no database, queue or server.`,
    table(["cost", "parameters", "at once", "hashes/s", "ms for one", "to the chosen", `${KEYS} keys, s`], lines),
  ].join("\n\n");
}
