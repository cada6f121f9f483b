/** Owns keys that another service made, as they are brought here: what `importApiKeys` is given, with a hash that no key is known for. */
import { randomBytes, randomUUID } from "node:crypto";
import { unique } from "./world.js";

const encoded = (bytes: number) => randomBytes(bytes).toString("base64").replace(/=+$/, "");

/** A hash that could be checked, of these parameters. */
export function foreignHash(parameters = "m=65536,t=3,p=4"): string {
  return `$argon2id$v=19$${parameters}$${encoded(16)}$${encoded(32)}`;
}

/** One key, like no other. */
export function foreignKey(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return { name: unique("foreign"), product: "crm", scopes: ["read"], hash: foreignHash(), prefix: randomUUID().slice(0, 8), ...fields };
}
