/** Owns the requests about keys that are asked once each, so that their answers must be known before: good keys in a new process, and keys that nobody has. */
import type { LoadRequest } from "../../load/job.js";
import type { HeadersOf } from "../../load/questions.js";
import type { BenchDatabase } from "../../world/database.js";
import type { BenchKey } from "../../world/key-set.js";
import { ANY_INSTANT } from "../workload.js";
import { CATALOG, ENOUGH_SQL } from "./expectation.js";
import { ENOUGH_FIELDS } from "./verify.js";

/** Without `maxStalenessMs`: how fresh an answer is does not matter here, that it is right does. */
const DOCUMENT = `query ($key: String!) { verifyApiKey(key: $key) { ${ENOUGH_FIELDS} checkedAt } }`;

export async function goodRequests(keys: readonly BenchKey[], database: BenchDatabase, headersOf: HeadersOf): Promise<LoadRequest[]> {
  const rows = await database.query<{ lookup_id: string; json: string }>(ENOUGH_SQL, [keys.map(({ lookupId }) => lookupId), CATALOG]);
  const told = new Map(rows.map(({ lookup_id, json }) => [lookup_id, JSON.parse(json) as object]));
  return keys.map((key) => {
    const expected = told.get(key.lookupId);
    if (!expected) throw new Error("the database does not have a key that was planted");
    return requestOf(key, expected, headersOf);
  });
}

export function unknownRequests(keys: readonly BenchKey[], headersOf: HeadersOf): LoadRequest[] {
  const expected = { valid: false, code: "NOT_FOUND", apiKeyId: null, tenantId: null, tenantSlug: null, environment: null, scopes: [] };
  return keys.map((key) => requestOf(key, expected, headersOf));
}

/** As many of the smallest question, by the same services. */
export function typenameRequests(keys: readonly BenchKey[], headersOf: HeadersOf): LoadRequest[] {
  return keys.map(({ product }) => asked({ query: "{ __typename }" }, { __typename: "Query" }, headersOf({ product })));
}

/** `expected` has the members in the order in which they are asked for. */
function requestOf({ text, product }: BenchKey, expected: object, headersOf: HeadersOf): LoadRequest {
  return asked({ query: DOCUMENT, variables: { key: text } }, { verifyApiKey: { ...expected, checkedAt: ANY_INSTANT } }, headersOf({ product }));
}

function asked(question: object, data: object, headers: LoadRequest["headers"]): LoadRequest {
  return { method: "POST", path: "/graphql", headers, body: JSON.stringify(question), expected: JSON.stringify({ data }) };
}
