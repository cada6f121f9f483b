/** Owns the way from a workload to requests whose answers are known: every variant is asked once and compared with the expected JSON. */
import { deepStrictEqual } from "node:assert";
import type { RunningContender } from "../contenders/process.js";
import { spread } from "../report/statistics.js";
import type { BenchDatabase } from "../world/database.js";
import { ANY_INSTANT, comparable, FRESH_SLUG, type Variant, type Workload } from "../workloads/workload.js";
import { tenantHeader } from "../world/callers.js";
import type { LoadRequest } from "./job.js";

export type HeadersOf = (caller: Variant["caller"]) => Record<string, string>;

export function requestOf(contender: RunningContender, workload: Workload, variant: Variant, callerHeaders: HeadersOf): LoadRequest {
  const { dialect } = contender;
  if (variant.get !== undefined) return { method: "GET", path: variant.get, headers: callerHeaders(variant.caller), body: "" };
  const path = contender.path(workload);
  if (dialect === "raw") {
    const statement = [...new Set(workload.variants.map(({ sql }) => sql))].indexOf(variant.sql);
    return { method: "POST", path, headers: {}, body: JSON.stringify({ statement, values: variant.values }) };
  }
  const headers = dialect === "registry" ? callerHeaders(variant.caller) : tenantHeader(variant.caller);
  return { method: "POST", path, headers, body: JSON.stringify({ query: workload.documents[dialect], variables: variant.variables[dialect] ?? {} }) };
}

/** What the statement of each variant says, asked of the database itself. */
export async function expectedAnswers(database: BenchDatabase, { variants, changes }: Workload): Promise<unknown[]> {
  if (changes) return [];
  return Promise.all(variants.map(async ({ sql, values }) => JSON.parse((await database.query<{ json: string }>(sql, values))[0]?.json ?? "null") as unknown));
}

/**
 * Requests whose answers have been compared with what is expected. From then on a right answer is this text and no other, instants
 * that always differ excepted, so that every single answer of the measured time can be checked for the price of comparing bytes.
 */
export async function verifiedRequests(contender: RunningContender, workload: Workload, expected: readonly unknown[], callerHeaders: HeadersOf): Promise<LoadRequest[]> {
  const requests = workload.variants.map((variant) => requestOf(contender, workload, variant, callerHeaders));
  if (workload.changes) return requests;
  const verified: LoadRequest[] = [];
  // One after the other: a hundred at once would meet the limit on waiting callers.
  for (const [i, request] of requests.entries()) {
    const answer = await ask(contender, request);
    try {
      const parsed = JSON.parse(answer) as { data: unknown };
      const shape = contender.dialect === "raw" ? parsed : workload.normal[contender.dialect]?.(request.method === "GET" ? parsed : parsed.data);
      deepStrictEqual(comparable(shape), comparable(expected[i]));
    } catch (cause) {
      throw new Error(`${contender.name} gives a wrong answer to workload ${workload.id}: ${answer.slice(0, 600)}`, { cause });
    }
    verified.push({ ...request, expected: workload.varies ? answer.replace(workload.varies, ANY_INSTANT) : answer });
  }
  return verified;
}

/** So many requests are counted at least; the variants of some workloads are fewer. */
const COUNTED = 15;

/**
 * Statements for one request: the median of requests that are counted one by one, because our own service also asks its queue of jobs
 * once a second.
 */
export async function statementsPerRequest(database: BenchDatabase, contender: RunningContender, requests: readonly LoadRequest[]): Promise<number | null> {
  if ((await database.countStatements()) === null) return null;
  const counted: number[] = [];
  for (let i = 0; i < Math.max(COUNTED, requests.length); i++) {
    const request = requests[i % requests.length] as LoadRequest;
    await ask(contender, { ...request, body: request.body.replaceAll(FRESH_SLUG, `counting-${contender.name.slice(0, 16)}-${i}`) });
    counted.push((await database.countStatements()) ?? NaN);
  }
  return spread(counted).median;
}

async function ask({ port }: RunningContender, { method, path, headers, body }: LoadRequest): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: { "content-type": "application/json", accept: "application/json", ...headers },
    body: method === "GET" ? undefined : body,
  });
  return response.text();
}
