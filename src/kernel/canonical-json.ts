/** Owns how two values are compared by content: JSON with its members in one order, whatever order they were written or stored in. */

/** Dates are ISO instants; members that are undefined are absent, as in all JSON. */
export function canonicalJson(value: unknown): string | undefined {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
}
