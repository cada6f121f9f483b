/** Owns what watches the event loop of the process that it is loaded into, and tells, whenever it is asked, what was seen since the last time. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { LOOKS_EVERY_MS, waitAt, type LoopDelays } from "./watch.js";

const NANOSECONDS = 1e6;

const delays = monitorEventLoopDelay({ resolution: LOOKS_EVERY_MS });
delays.enable();

let gaps: number[] = [];
let lookedAt = performance.now();
const look = () => {
  const now = performance.now();
  gaps.push(now - lookedAt);
  lookedAt = now;
};
setInterval(look, LOOKS_EVERY_MS).unref();

process.on("message", () => {
  look();
  const seen: LoopDelays = {
    p50Ms: delays.percentile(50) / NANOSECONDS,
    p99Ms: delays.percentile(99) / NANOSECONDS,
    maxMs: delays.max / NANOSECONDS,
    looks: delays.count,
    waitP99Ms: waitAt(0.99, gaps),
  };
  delays.reset();
  gaps = [];
  process.send?.(seen);
});
// Being asked is no reason to stay when the program is over.
process.channel?.unref();
