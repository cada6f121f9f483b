/** Owns how the columns of an event are read for its hash: as Postgres' own texts, so that whoever verifies needs no second opinion on them. */
import { COLUMN_TEXTS, GROUPS, type LeafFormat } from "../audit-proof/audit-proof.encoding.js";

/** For a select list over the log, alias `a`: each hashed column as text, under its own name. */
export function columnTexts(format: LeafFormat): string {
  return columnsIn(format).map((name) => `${COLUMN_TEXTS[name] ?? `a.${name}::text`} as "${name}"`).join(", ");
}

export function columnsIn({ plain, groups }: LeafFormat): string[] {
  return [...plain, ...GROUPS.flatMap((group) => groups[group])];
}
