/** Owns the id of the tenant at a position, as the data set's SQL computes it. */
import { createHash } from "node:crypto";

export function tenantIdAt(position: number): string {
  const hex = createHash("md5").update(`tenant ${position}`).digest("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
