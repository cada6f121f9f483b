/** Owns what a CPU profile says in a few lines: which package, and which function, the time of the load went to. */

interface CallFrame {
  functionName: string;
  url: string;
  lineNumber: number;
}

interface CpuProfile {
  nodes: { id: number; callFrame: CallFrame; children?: number[] }[];
  /** Microseconds of the monotonic clock. */
  startTime: number;
  samples: number[];
  timeDeltas: number[];
}

export interface ProfileSummary {
  /** Share of the busy time, largest first. */
  packages: [name: string, share: number][];
  functions: [name: string, share: number][];
  /** Share of the whole time in which the process was idle. */
  idle: number;
}

/** Count samples between two instants of the monotonic clock, so that starting up is not in it. Self time only. */
export function summarise(profile: CpuProfile, fromUs: number, toUs: number): ProfileSummary {
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const parents = new Map(profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const packages = new Map<string, number>();
  const functions = new Map<string, number>();
  let at = profile.startTime;
  let idle = 0;
  let busy = 0;
  for (const [i, sample] of profile.samples.entries()) {
    const spent = profile.timeDeltas[i] ?? 0;
    at += spent;
    const frame = frames.get(sample);
    if (!frame || at < fromUs || at > toUs) continue;
    if (frame.functionName === "(idle)") {
      idle += spent;
      continue;
    }
    busy += spent;
    add(packages, ownerOf(sample, frames, parents), spent);
    add(functions, `${frame.functionName || "(anonymous)"} — ${placeOf(frame.url, frame.lineNumber)}`, spent);
  }
  const shares = (map: Map<string, number>) => [...map].map(([name, spent]) => [name, spent / busy] as [string, number]).sort(([, one], [, other]) => other - one);
  return { packages: shares(packages), functions: shares(functions), idle: idle / (idle + busy) };
}

function add(map: Map<string, number>, key: string, value: number): void {
  map.set(key, (map.get(key) ?? 0) + value);
}

/** What Node itself does, a system call for instance, is the work of the package that asked for it. */
function ownerOf(node: number, frames: ReadonlyMap<number, CallFrame>, parents: ReadonlyMap<number, number>): string {
  for (let at: number | undefined = node; at !== undefined; at = parents.get(at)) {
    const { url = "" } = frames.get(at) ?? {};
    const dependency = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
    if (dependency) return dependency;
    const room = /\/dist\/src\/([^/]+)/.exec(url)?.[1];
    if (room) return `src/${room.replace(/\.js$/, ".ts")}`;
  }
  const name = frames.get(node)?.functionName ?? "";
  return name.startsWith("(") ? name : "Node itself";
}

function placeOf(url: string, line: number): string {
  if (url === "") return "native";
  const short = url.includes("/node_modules/") ? url.replace(/^.*\/node_modules\//, "") : url.replace(/^.*\/dist\//, "dist/");
  return `${short}:${line + 1}`;
}
