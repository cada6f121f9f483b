/** Owns what development says on the terminal when it is ready: where it is, tokens, a first query and its answer. It goes to no log. */
import { styleText } from "node:util";
import { BOUNDS, type Config } from "../config.js";
import { TOKEN_LIFETIME_SECONDS } from "./issuer.js";
import { developmentTokens, type DevelopmentToken } from "./tokens.js";

/** A first query, and the caller who asks it. Without the seeds nobody knows which tenants there are, so staff look for them. */
const FIRST_QUERIES = {
  seeded: { name: "acme-admin", query: "{ myTenant { slug name status projects { nodes { slug } } entitlements { product { key } enabled } } }" },
  unseeded: { name: "operator", query: "{ tenants(first: 5) { nodes { slug name status } } }" },
} as const;

/** Tokens are long: dimmed, the lines between them can be read. */
const dim = (text: string) => (process.stdout.isTTY && process.stdout.hasColors() ? styleText("dim", text) : text);

/** Plain text for a person. The `curl` line is printed as it can be pasted, and the answer is what it answered just now. */
export async function greeting(config: Config): Promise<string> {
  const tokens = await developmentTokens(config);
  const lines = [
    "",
    "tenant-registry is ready.",
    "",
    `  GraphiQL   ${config.publicUrl}/`,
    `  GraphQL    ${config.publicUrl}/graphql`,
    `  Database   ${config.database ? "as DATABASE_URL says" : `embedded, in ${config.dataDir}: one connection, for development only`}`,
    "",
  ];
  if (tokens.length > 0) lines.push(...callers(tokens), ...(await firstQuery(config, tokens)));
  return `${lines.join("\n")}\n`;
}

function callers(tokens: readonly DevelopmentToken[]): string[] {
  const width = Math.max(...tokens.map(({ name }) => name.length)) + 3;
  const hours = TOKEN_LIFETIME_SECONDS / 3_600;
  return [
    `A token for each kind of caller, good for ${hours} hours; \`npx tenant-registry token <name>\` prints a new one:`,
    "",
    ...tokens.flatMap(({ name, description, token }) => [`  ${name.padEnd(width)}${description}`, dim(token), ""]),
  ];
}

async function firstQuery(config: Config, tokens: readonly DevelopmentToken[]): Promise<string[]> {
  const { name, query } = config.database ? FIRST_QUERIES.unseeded : FIRST_QUERIES.seeded;
  const token = tokens.find((one) => one.name === name)?.token ?? "";
  const url = `${config.publicUrl}/graphql`;
  const body = JSON.stringify({ query });
  const curl = `curl -s ${url} -H 'content-type: application/json' -H 'authorization: Bearer ${dim(token)}' -d '${body}'`;
  return [`A first query, as ${name}:`, "", curl, "", "Its answer:", "", await answer(url, token, body)];
}

/** A greeting never stops the service: at an address that cannot be reached from here, that is what it says. */
async function answer(url: string, token: string, body: string): Promise<string> {
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  try {
    const response = await fetch(url, { method: "POST", headers, body, signal: AbortSignal.timeout(BOUNDS.outgoingMs) });
    return (await response.text()).trimEnd();
  } catch {
    return `none: ${url} cannot be reached from this machine. Is PUBLIC_URL right?`;
  }
}
