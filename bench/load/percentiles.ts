/** Owns how latencies become what the tables say of them. */

/** Sorts in place. NaN where nothing was measured. */
export function percentiles(latencies: number[]): { p50Ms: number; p99Ms: number } {
  latencies.sort((one, other) => one - other);
  const at = (share: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? NaN;
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}
