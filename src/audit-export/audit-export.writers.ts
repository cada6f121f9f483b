/** Owns how events of an export are written: as lines that can be verified, or as a table for people. */
import { stringify } from "csv-stringify/sync";
import { columnsIn } from "../audit-chain/audit-chain.columns.js";
import { CURRENT_FORMAT, FORMATS, type LeafFormat } from "../audit-proof/audit-proof.encoding.js";
import { lineOf } from "../audit-proof/audit-proof.export.js";
import type { Placed } from "./audit-export.reads.js";

/** As every line of an export, in the order of its members; what was erased shows by the length of its opening. */
export function ndjsonOf(events: readonly Placed[]): string {
  return events.map(({ position, format, columns, openings, chain }) => lineOf({ type: "event", position, format, columns, openings, chain })).join("");
}

/** What spreadsheets take for the beginning of a formula, or pass over before one. */
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** The names of the graph, where it has them. */
const RENAMED: Readonly<Record<string, string>> = { uid: "id" };
const COLUMNS = columnsIn(FORMATS[CURRENT_FORMAT] as LeafFormat);

/** The table's first line. */
export const CSV_HEAD = rowsOf([["position", ...COLUMNS.map((name) => RENAMED[name] ?? inCamelCase(name)), "erased"]]);

export function csvOf(events: readonly Placed[]): string {
  return rowsOf(events.map(({ position, columns, erased }) => [String(position), ...COLUMNS.map((name) => columns[name] ?? null), erased.join(" ")]));
}

function rowsOf(rows: readonly (readonly (string | null)[])[]): string {
  return stringify([...rows], { record_delimiter: "\r\n", cast: { string: (text) => (FORMULA.test(text) ? `'${text}` : text) } });
}

function inCamelCase(column: string): string {
  return column.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
