/** Owns an audit log in memory that is chained, signed, erased from, purged and exported as the service does it, for tests of what reads such a log. */
import { createHash, createPublicKey, randomUUID } from "node:crypto";
import { hashOf, sign, type Checkpoint } from "../../src/audit-proof/audit-proof.checkpoint.js";
import { commitmentOf, CURRENT_FORMAT, FORMATS, genesisOf, GROUPS, leafOf, linkOf, treeLeaf, type Group, type LeafFormat, type Openings } from "../../src/audit-proof/audit-proof.encoding.js";
import { EXPORT_FORMAT, lineOf, type EventLine, type ExportLine } from "../../src/audit-proof/audit-proof.export.js";
import { signingKeyFrom, type PublicKeys } from "../../src/audit-proof/audit-proof.keys.js";
import type { ConsistencyProof, InclusionProof } from "../../src/audit-proof/audit-proof.prove.js";
import { combine, consistencyPath, inclusionPath, rootOf, subtreesOf, type Subtree } from "../../src/audit-proof/audit-proof.tree.js";

export type Columns = Record<string, string | null>;
type Kind = Checkpoint["kind"];

const FORMAT = FORMATS[CURRENT_FORMAT] as LeafFormat;
const LETTERS: Readonly<Record<Group, string>> = { actor: "a", target: "t", text: "x" };

/** 32 bytes that a word always gives. */
export const seedOf = (word: string): Buffer => createHash("sha256").update(word).digest();

export interface AuditLogOptions {
  log?: string;
  tenant?: string;
  /** Whoever has the seed can sign. */
  seed?: Buffer;
  keyId?: string;
}

export class AuditLog {
  readonly log: string;
  readonly tenant: string;
  readonly keys: PublicKeys;
  readonly key;
  /** JWS texts, by number − 1. */
  readonly checkpoints: string[] = [];
  private readonly said: Checkpoint[] = [];
  private readonly events: EventLine[] = [];
  private readonly leaves: Buffer[] = [];
  private readonly chains: Buffer[];
  private after = 0;

  constructor({ log = randomUUID(), tenant = randomUUID(), seed = seedOf("audit log"), keyId = "test" }: AuditLogOptions = {}) {
    this.log = log;
    this.tenant = tenant;
    this.key = signingKeyFrom(keyId, seed);
    this.keys = new Map([[keyId, createPublicKey(this.key.privateKey)]]);
    this.chains = [genesisOf(log, tenant)];
  }

  get head(): number {
    return this.events.length;
  }

  /** An event of which every column has something to say, but for those given. */
  append(columns: Columns = {}): EventLine {
    const position = this.head + 1;
    const all = { ...eventOf(position, this.tenant), ...columns };
    const salts = Object.fromEntries(GROUPS.map((group) => [group, seedOf(`${group} ${position}`).subarray(0, 16)])) as Record<Group, Buffer>;
    const leaf = leafOf(FORMAT, all, salts);
    const chain = linkOf(this.chains[position - 1] as Buffer, position, leaf);
    this.leaves.push(leaf);
    this.chains.push(chain);
    const event: EventLine = { type: "event", position, format: CURRENT_FORMAT, columns: all, openings: hexOf(salts), chain: chain.toString("hex") };
    this.events.push(event);
    return event;
  }

  /** Sign how far it has come, or how far it had come at a position; answers the JWS. */
  checkpoint(kind: Kind = "interval", position = this.head): string {
    const number = this.checkpoints.length + 1;
    const previous = this.checkpoints.at(-1);
    const time = new Date(Date.UTC(2026, 0, 1, 0, 10 * number)).toISOString();
    const checkpoint: Checkpoint = {
      log: this.log, tenant: this.tenant, number, position, chain: (this.chains[position] as Buffer).toString("hex"), root: this.rootAt(position).toString("hex"), time,
      previous: previous === undefined ? null : hashOf(previous), kind,
    };
    this.said.push(checkpoint);
    this.checkpoints.push(sign(checkpoint, this.key));
    return this.checkpoints.at(-1) as string;
  }

  /** Take a person out of events; without {@link recordErasure} nobody says so. */
  erase(position: number, groups: readonly Group[]): void {
    const event = this.events[position - 1] as EventLine;
    const columns: Columns = { ...event.columns };
    const openings: Record<Group, string> = { ...event.openings };
    for (const group of groups) {
      openings[group] = commitmentOf(FORMAT, group, Buffer.from(openings[group], "hex"), event.columns).toString("hex");
      for (const name of FORMAT.groups[group]) columns[name] = name === "metadata" ? "{}" : null;
    }
    this.events[position - 1] = { ...event, columns, openings };
  }

  recordErasure(...places: readonly (readonly [position: number, groups: readonly Group[]])[]): EventLine {
    const named = places.map(([position, groups]) => `${position}${groups.map((group) => LETTERS[group]).join("")}`).join(",");
    return this.append({ action: "audit.erase_person", crud: "d", product: null, writer: null, metadata: JSON.stringify({ events: places.length, unsettled: 0, places: named }) });
  }

  /** What is up to a position goes; the checkpoint of it stays. */
  purge(position: number): string {
    this.after = position;
    return this.checkpoint("purge", position);
  }

  /** The lines of an export of all that is there, which ends with a checkpoint of its own. */
  export(): ExportLine[] {
    this.checkpoint("export");
    const first = this.said.findIndex(({ position }) => position >= this.after);
    const base = this.after === 0 ? -1 : this.said.findLastIndex(({ kind, position }) => kind === "purge" && position === this.after);
    return [
      { type: "log", format: EXPORT_FORMAT, log: this.log, tenant: this.tenant, after: this.after, whole: true, base: this.checkpoints[base] ?? null, frontier: this.frontier(this.after) },
      ...this.events.slice(this.after),
      ...this.checkpoints.slice(first).map((signed) => ({ type: "checkpoint", signed }) as const),
      { type: "end", events: this.head - this.after, position: this.head },
    ];
  }

  inclusionProof(position: number, number: number): InclusionProof {
    const path = this.hexes(inclusionPath(position, (this.said[number - 1] as Checkpoint).position));
    return { position: String(position), leaf: (this.leaves[position - 1] as Buffer).toString("hex"), path, checkpoint: { signed: this.checkpoints[number - 1] as string } };
  }

  consistencyProof(from: number, to: number): ConsistencyProof {
    const path = this.hexes(consistencyPath((this.said[from - 1] as Checkpoint).position, (this.said[to - 1] as Checkpoint).position));
    return { from: { signed: this.checkpoints[from - 1] as string }, to: { signed: this.checkpoints[to - 1] as string }, path };
  }

  private hexes(path: readonly Subtree[][]): string[] {
    return path.map((subtrees) => rootOf(subtrees.map((one) => this.hashOf(one))).toString("hex"));
  }

  private rootAt(size: number): Buffer {
    return rootOf(subtreesOf(size).map((one) => this.hashOf(one)));
  }

  private frontier(size: number): string[] {
    return subtreesOf(size).map((one) => this.hashOf(one).toString("hex"));
  }

  private hashOf({ level, number }: Subtree): Buffer {
    return combine(this.leaves.slice(number * 2 ** level, (number + 1) * 2 ** level).map(treeLeaf));
  }
}

/** As bytes of a file. */
export const bytesOf = (lines: readonly ExportLine[]): Buffer => Buffer.from(lines.map(lineOf).join(""));

const hexOf = (openings: Openings): Record<Group, string> => ({ actor: openings.actor.toString("hex"), target: openings.target.toString("hex"), text: openings.text.toString("hex") });

function eventOf(position: number, tenant: string): Columns {
  const at = new Date(Date.UTC(2026, 0, 1) + position * 1_000).toISOString().replace("Z", "000Z");
  return {
    uid: `00000000-0000-4000-8000-${String(position).padStart(12, "0")}`, tenant_id: tenant, project_id: "5e0f3f2e-7f3b-4f4f-9d58-2f3f3d5b2a10", action: "document.update", crud: "u", actor_type: "user",
    target_type: "document", product: "docs", is_failure: "false", is_anonymous: "false", component: "editor", version: "1.4.2", external_id: `e-${position}`, writer: "service-docs", request_id: `r-${position}`,
    created_at: at, received_at: at, actor_id: `person-${position % 7}`, actor_name: "Ada Löwe", actor_href: "https://docs.example/people/1", actor_fields: '{"team": "one"}', source_ip: "192.0.2.7/32", user_agent: "browser",
    target_id: `document-${position % 11}`, target_name: "Plan", target_href: "https://docs.example/d/1", target_fields: '{"kind": "plan"}', description: "changed a title", fields: '{"old": "a"}', metadata: '{"size": 3}',
  };
}
