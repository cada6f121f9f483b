/** Owns what a workload is: one question in the words of every contender, and how their answers become comparable. */

/** The language that a contender understands. */
export type Dialect = "registry" | "plain" | "postgraphile" | "raw";

/** One concrete question of a workload. Many of them keep a contender from answering one row out of its caches. */
export interface Variant {
  /** The statement that gives the expected answer, as one JSON text; also what `raw` and pgbench run. */
  sql: string;
  values: unknown[];
  /** Who asks: a tenant's own person (the tenant's id), a product's service (its key), platform staff, or nobody. */
  caller: { tenantId: string } | { product: string } | "operator" | "anonymous";
  variables: Partial<Record<Dialect, Record<string, unknown>>>;
  /** Asked with a GET of this path, where plain HTTP answers and there is no document. */
  get?: string;
}

export interface Workload {
  id: string;
  title: string;
  variants: Variant[];
  /** GraphQL documents; a dialect that is absent does not take part. */
  documents: Partial<Record<Exclude<Dialect, "raw">, string>>;
  /** From `data` of a contender's answer (all of it for a GET) to the expected shape; `raw` writes that shape itself. */
  normal: Partial<Record<Exclude<Dialect, "raw">, (data: any) => unknown>>; // any: every dialect has its own shape
  /** A change: every request gets a slug of its own in place of {@link FRESH_SLUG}, and its answer must name it. */
  changes?: true;
  /** Matches the instant that is another one in every answer, and only that. */
  varies?: RegExp;
  /** The same statement for pgbench, where it can pick its own values. */
  pgbench?: { setup: string; sql: string };
}

/** Replaced in the body of every request of a changing workload; as long as what replaces it, so that lengths stay. */
export const FRESH_SLUG = "fresh-slug-0000000000";

/** Stands in an expected answer where the true one has an instant of its own; as long as those are. */
export const ANY_INSTANT = "0000-00-00T00:00:00.000Z";

const INSTANT = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d/;

/** Contenders spell instants and enum values differently; what they mean must be equal. */
export function comparable(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) return value.map((one) => comparable(one));
  if (typeof value === "string") {
    if (key === "status") return value.toLowerCase();
    return INSTANT.test(value) ? new Date(value).toISOString() : value;
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, comparable(one, name)]));
}
