/** Owns how one value of the environment is read: its shape, and the words for one that has another. */
import { z } from "zod";
import type { Pepper } from "./api-key/api-key.secret.js";

const url = (protocols: RegExp, example: string) =>
  z.string().refine((text) => URL.canParse(text) && protocols.test(new URL(text).protocol), { error: `must be a URL like ${example}` });
export const issuerUrl = url(/^https?:$/, "https://id.example.com/realms/platform");
export const databaseUrl = url(/^postgres(ql)?:$/, "postgres://user:password@host:5432/database");
export const oneOf = <const Name extends string>(names: readonly Name[]) => z.enum(names, { error: `must be one of ${names.join(", ")}` });
export const flag = oneOf(["true", "false"]).transform((text) => text === "true");
/** `host:port`, `[IPv6]:port` or `:port`. A port that the system picks would leave PUBLIC_URL untold, so 0 is not one. */
export const address = z.string().transform((text) => /^(?:([^:\s[\]]*)|\[([0-9a-f:.]+)\]):(\d{1,5})$/i.exec(text))
  .refine((parts) => parts !== null && Number(parts[3]) >= 1 && Number(parts[3]) <= 65_535, { error: "must be host:port or :port, with a port from 1 to 65535" })
  .transform((parts) => ({ host: parts?.[1] || parts?.[2] || "", port: Number(parts?.[3]) }));
export const list = z.string().transform((text) => text.split(",").map((name) => name.trim()).filter(Boolean))
  .pipe(z.array(z.string()).min(1, { error: "must name at least one, separated by commas" }));

const PEPPER = /^([a-z0-9-]{1,20}):([A-Za-z0-9_-]{43,86})$/;
const PEPPERS = {
  error: 'must be id:secret, or several of them separated by commas: ids of up to 20 of a-z, 0-9 and "-", all different, and secrets of 32 to 64 bytes in base64url without padding',
};
/** The order counts, so nothing is left out: an entry that is empty or has an unknown shape makes the whole list a bad one. */
export const peppers = z.string()
  .refine((text) => {
    const read = text.split(",").map(pepperIn);
    return read.every((one) => one !== null) && new Set(read.map((one) => one?.id)).size === read.length;
  }, PEPPERS)
  .transform((text) => text.split(",").flatMap((one) => pepperIn(one) ?? []));

function pepperIn(text: string): Pepper | null {
  const [, id, encoded] = PEPPER.exec(text.trim()) ?? [];
  if (id === undefined || encoded === undefined) return null;
  const secret = Buffer.from(encoded, "base64url");
  // One text for one secret: a character that was lost must not pass for the bits that nobody looks at.
  return secret.toString("base64url") === encoded ? { id, secret } : null;
}
