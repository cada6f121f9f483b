/** Owns the words between the benchmark and its load generator, which is a process of its own. */

export interface LoadRequest {
  /** A GET has no body; its `body` is empty. */
  method: "GET" | "POST";
  path: string;
  headers: Record<string, string>;
  body: string;
  /**
   * The only body that is right, byte for byte, with ANY_INSTANT in place of the instants that differ in every answer; absent for
   * changes, whose answers must name their fresh slug.
   */
  expected?: string;
}

export interface Job {
  /** Connections are spread evenly over the ports. */
  ports: number[];
  connections: number;
  seconds: number;
  /** Asked in turn, each connection starting elsewhere. */
  requests: LoadRequest[];
}

export interface LoadResult {
  answers: number;
  seconds: number;
  p50Ms: number;
  p99Ms: number;
  /** CPU that the generator itself spent, in seconds: above 0.9 of the time, it was the limit. */
  generatorCpuSeconds: number;
}

/** Every request once, as fast as the connections allow. */
export interface Sweep {
  port: number;
  /** All of them are open before anything is asked. */
  connections: number;
  requests: LoadRequest[];
  /** Ask what was refused because the service was busy again, once the time is over that the refusal names; otherwise it is only counted. */
  patient: boolean;
}

/** Told to a sweep whose connections are open. */
export const BEGIN = "begin";

export interface SweepResult {
  /** Right answers, refusals not among them. */
  answers: number;
  seconds: number;
  /** Of right answers, since they were first asked for. */
  p50Ms: number;
  p99Ms: number;
  /** How often the service was busy, by what it said. */
  refusals: Record<string, number>;
  generatorCpuSeconds: number;
}
