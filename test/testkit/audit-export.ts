/** Owns how tests ask for exports of the audit log, fetch them, and have them verified offline with the keys that the service publishes. */
import { Readable } from "node:stream";
import type { EventLine, ExportLine, LogLine } from "../../src/audit-proof/audit-proof.export.js";
import { publicKeysFrom } from "../../src/audit-proof/audit-proof.keys.js";
import { verifyExport, type Verdict } from "../../src/audit-proof/audit-proof.verify.js";
import { data } from "./outcome.js";
import type { Registry } from "./registry.js";
import type { Answer, Caller } from "./world.js";

const EXPORT = "mutation ($input: ExportAuditEventsInput!) { exportAuditEvents(input: $input) { downloadUrl expiresAt } }";

export function askFor(caller: Caller, input: Record<string, unknown> = {}, headers: Record<string, string> = {}): Promise<Answer> {
  return caller.run(EXPORT, { input: { format: "NDJSON", ...input } }, headers);
}

/** The address of an export, on the test's own port instead of the public one. */
export async function addressFor(app: Pick<Registry, "url">, caller: Caller, input: Record<string, unknown> = {}): Promise<string> {
  return `${app.url}${new URL(data(await askFor(caller, input))["exportAuditEvents"].downloadUrl as string).pathname}`;
}

export const linesIn = (text: string): ExportLine[] => text.split("\n").filter(Boolean).map((line) => JSON.parse(line) as ExportLine);
export const eventsIn = (text: string): EventLine[] => linesIn(text).filter((line): line is EventLine => line.type === "event");
export const logIn = (text: string): LogLine => linesIn(text)[0] as LogLine;
/** Up to its last whole event, which is what can be continued, and the position of that. */
export function begunOf(text: string): { text: string; after: number } {
  const end = text.lastIndexOf("\n", text.length - 1) + 1;
  const lines = text.slice(0, end).split("\n").slice(0, -1);
  while (lines.length > 1 && !lines.at(-1)?.startsWith('{"type":"event"')) lines.pop();
  return { text: lines.map((line) => `${line}\n`).join(""), after: eventsIn(lines.at(-1) ?? "").at(-1)?.position ?? 0 };
}

export async function verdictOn(app: Pick<Registry, "url">, text: string, kept: readonly string[] = []): Promise<Verdict> {
  const keys = publicKeysFrom(await (await fetch(`${app.url}/.well-known/audit-keys.json`)).text());
  return verifyExport(() => Readable.from([Buffer.from(text)]), keys, kept);
}
