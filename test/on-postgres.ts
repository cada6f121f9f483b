/** Owns the second run of the suite: the same tests against a real PostgreSQL, a private one unless DATABASE_URL names another. */
import { spawn } from "node:child_process";
import { noCluster, startCluster } from "./testkit/cluster.js";

const cluster = await startCluster();
if (!cluster) throw new Error(noCluster());
const vitest = spawn("npx", ["vitest", "run", ...process.argv.slice(2)], { stdio: "inherit", env: { ...process.env, DATABASE_URL: cluster.url } });
const exitCode = await new Promise<number>((resolve) => vitest.on("exit", (code) => resolve(code ?? 1)));
await cluster.remove();
process.exitCode = exitCode;
