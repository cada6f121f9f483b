/** Owns API keys as tests of leaks have them: whole, and in every way that is not enough. */
import { randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import { ApiKeyEnvironment } from "../../src/api-key/api-key.entity.js";
import { openKeySecrets } from "../../src/api-key/api-key.secret.js";
import { madeKey, rotateKey, type MadeKey } from "./api-keys.js";
import { data } from "./outcome.js";
import type { Registry } from "./registry.js";
import { unique, type TenantInWorld } from "./world.js";

/** A key and its text, as whoever made it has them, and whoever finds it. */
export interface WholeKey {
  id: string;
  name: string;
  lookupId: string;
  plaintext: string;
}

/** Of a tenant that has the CRM. */
export async function wholeKey({ admin }: TenantInWorld): Promise<WholeKey> {
  return asWhole(await madeKey(admin, { name: unique("key"), environment: "PROD" }));
}

/** What takes the key's place, and works beside it for so long. */
export async function successorOf({ id }: WholeKey, { admin }: TenantInWorld, overlapSeconds: number): Promise<WholeKey> {
  return asWhole(data(await rotateKey(admin, { id, overlapSeconds }))["rotateApiKey"] as MadeKey);
}

function asWhole({ plaintext, apiKey }: MadeKey): WholeKey {
  const { id, name, lookupId } = apiKey as Omit<WholeKey, "plaintext">;
  return { id, name, lookupId, plaintext };
}

/** Give a planted key a secret, past every door; whoever has the text can have it verified. */
export async function textFor({ config, sql }: Registry, id: string): Promise<string> {
  const secrets = openKeySecrets({ peppers: config.apiKeys.peppers, log: { error: () => undefined } });
  const { plaintext, lookupId, prefix, hash, pepperId } = await secrets.mint(ApiKeyEnvironment.DEV);
  await sql("update api_keys set lookup_id = $2, prefix = $3, hash = $4, pepper_id = $5 where id = $1", [id, lookupId, prefix, hash, pepperId]);
  return plaintext;
}

/** How the key stands in the database. */
export async function endOf({ sql }: Registry, { id }: Pick<WholeKey, "id">): Promise<{ at: Date | null; by: string | null; reason: string | null }> {
  const [row] = await sql<{ at: Date | null; by: string | null; reason: string | null }>("select revoked_at as at, revoked_by as by, revoke_reason as reason from api_keys where id = $1", [id]);
  if (!row) throw new Error("there is no such key");
  return row;
}

export const NOT_ENDED = { at: null, by: null, reason: null };

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** The text of a well-formed key with this look-up id and another secret. Written down a second time on purpose. */
export function forgedKey(lookupId: string): string {
  const body = `trk_prod_${lookupId}_${[...randomBytes(30)].map((byte) => BASE62[byte % 62]).join("")}`;
  const digits = Array.from({ length: 6 }, (_, place) => BASE62[Math.floor(crc32(body) / 62 ** (5 - place)) % 62]);
  return body + digits.join("");
}

/** Of all these texts none is the key, however much of it they hold. */
export function notTheKey({ plaintext, lookupId, id, name }: WholeKey): [string, string][] {
  const [secret = ""] = plaintext.split("_").slice(-1);
  const last = plaintext.endsWith("0") ? "1" : "0";
  return [
    ["nothing", ""],
    ["its id", id],
    ["its name", name],
    ["its look-up id", lookupId],
    ["everything that is public about it", plaintext.slice(0, -37)],
    ["its secret alone", secret],
    ["all but its last character", plaintext.slice(0, -1)],
    ["a wrong last character", plaintext.slice(0, -1) + last],
    ["one character more", `${plaintext}0`],
    ["spaces around it", ` ${plaintext} `],
    ["a line end after it", `${plaintext}\n`],
    ["other letter case", plaintext.toUpperCase()],
    ["another environment", plaintext.replace("trk_prod", "trk_dev")],
    ["another secret under the same look-up id", forgedKey(lookupId)],
    ["another look-up id", forgedKey("000000000000")],
    ["wildcards", "trk_prod_%_%"],
    ["more than any key is long", plaintext.repeat(1_000)],
    ["what no column can hold", `${plaintext.slice(0, 30)}\ud800`],
  ];
}
