/** Owns a registry whose CRM knows the two scopes that Retraced's clients need, its keys, and requests as those clients send them. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createKey } from "./api-keys.js";
import { data } from "./outcome.js";
import { openRegistry, type Registry } from "./registry.js";
import { unique, type TenantInWorld } from "./world.js";

/** The catalogue that the package brings along, with more that keys of the CRM may be allowed to do. */
export async function openRetracedRegistry(): Promise<Registry> {
  const directory = await mkdtemp(join(tmpdir(), "retraced-"));
  const catalogFile = join(directory, "catalog.yaml");
  const before = "      read: Read contacts, accounts and deals.\n";
  const after = `      audit:append: Record what is done.\n      audit:read: Read what was recorded.\n${before}`;
  await writeFile(catalogFile, (await readFile("catalog.yaml", "utf8")).replace(before, after));
  const app = await openRegistry({ environment: { CATALOG_FILE: catalogFile } });
  return { ...app, close: () => app.close().finally(() => rm(directory, { recursive: true })) };
}

/** The text of a new key of the CRM, and its id. */
export async function auditKey({ admin }: TenantInWorld, input: Record<string, unknown> = {}): Promise<{ id: string; text: string }> {
  const { plaintext, apiKey } = data(await createKey(admin, { name: unique("key"), scopes: ["audit:append", "audit:read"], ...input }))["createApiKey"];
  return { id: apiKey.id, text: plaintext };
}

export const addressIn = ({ url }: Registry, path: string, product = "crm") => `${url}/auditlog/publisher/v1/project/${product}${path}`;

export interface RetracedAnswer {
  status: number;
  headers: Headers;
  json: any; // any: every test knows the shape that it asked for
}

export async function post(address: string, token: string | null, body: unknown): Promise<RetracedAnswer> {
  const response = await fetch(address, {
    method: "POST",
    headers: { "content-type": "application/json", ...(token !== null && { authorization: `token=${token}` }) },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, json: await response.json() };
}
