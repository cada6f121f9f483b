/** Owns the mode about API keys: keys that are known, keys that are not known yet, keys that nobody has, and what a hash costs. */
import { openKeySecrets } from "../src/api-key/api-key.secret.js";
import { cold, coldBars, coldSection, type ColdRound } from "./keys/cold.js";
import { cost, costSection, type CostRow } from "./keys/cost.js";
import { unknown, unknownBars, unknownSection, type UnknownRound } from "./keys/unknown.js";
import { warm, warmBars, warmSection } from "./keys/warm.js";
import type { Options } from "./options.js";
import type { Bar } from "./report/bars.js";
import { barTable, describe } from "./report/table.js";
import { openStage, say } from "./stage.js";
import type { QuestionRow } from "./turns.js";
import { KEYS, PEPPER, plantKeys } from "./world/key-set.js";

export interface KeysResult {
  warm?: QuestionRow[];
  cold?: ColdRound[];
  unknown?: UnknownRound[];
  cost?: CostRow[];
  bars: Bar[];
}

export async function keys(options: Options): Promise<{ result: KeysResult; markdown: string }> {
  const chosen = (part: string) => options.workloads.includes(part);
  const secrets = openKeySecrets({ peppers: [PEPPER], log: console });
  const stage = await openStage(options);
  try {
    say(`hashing and planting ${KEYS} keys`);
    const planted = await plantKeys(stage.database, secrets);
    const result: KeysResult = { bars: [] };
    const sections = [describe(stage.machine), summary(options)];
    if (chosen("warm")) {
      result.warm = await warm(stage, options, planted);
      result.bars.push(...warmBars(result.warm));
      sections.push(warmSection(result.warm));
    }
    await stage.database.stopCounting();
    if (chosen("cold")) {
      result.cold = await cold(stage, options, planted);
      result.bars.push(...coldBars(result.cold));
      sections.push(coldSection(result.cold, options));
    }
    if (chosen("unknown")) {
      result.unknown = await unknown(stage, options);
      result.bars.push(...unknownBars(result.unknown));
      sections.push(unknownSection(result.unknown));
    }
    if (chosen("cost")) {
      result.cost = await cost(options, secrets);
      sections.push(costSection(result.cost));
    }
    if (result.bars.length > 0) sections.push("### Bars", barTable(result.bars));
    return { result, markdown: `${sections.join("\n\n")}\n` };
  } finally {
    await stage.close();
  }
}

function summary({ rounds, seconds, connections, logLevel }: Options): string {
  return (
    `${rounds} rounds of ${seconds} s each, ${connections} connections, log level ${logLevel}; median over the rounds, [least – most]. ` +
    "Ratios are taken round by round. CPU is for one request. Statements are those of a second of requests, divided by their number; what is not 0 then is what the service asks by itself."
  );
}
