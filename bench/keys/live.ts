/** Owns the wait for a service that hears of every change to keys: before that it reads them again every second, which is not what is measured. */
import { setTimeout as sleep } from "node:timers/promises";
import type { RunningContender } from "../contenders/process.js";
import type { HeadersOf } from "../load/questions.js";
import { LIVE_STALENESS_MS } from "../workloads/keys/verify.js";

const WITHIN_MS = 15_000;

/** Asks about a text that cannot be a key, so that nothing is remembered of any. */
export async function hearing({ port }: RunningContender, headersOf: HeadersOf): Promise<void> {
  const until = performance.now() + WITHIN_MS;
  const body = JSON.stringify({ query: '{ verifyApiKey(key: "no key") { maxStalenessMs } }' });
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${port}/graphql`, { method: "POST", headers: { "content-type": "application/json", ...headersOf({ product: "crm" }) }, body });
    const text = await response.text();
    const { data } = JSON.parse(text) as { data?: { verifyApiKey: { maxStalenessMs: number } } };
    if (data?.verifyApiKey.maxStalenessMs === LIVE_STALENESS_MS) return;
    if (performance.now() > until) throw new Error(`the service does not hear of changes to keys: ${text.slice(0, 500)}`);
    await sleep(100);
  }
}
