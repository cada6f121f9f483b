/** Owns the bytes that an event is hashed as, and the hashes of leaf, chain and group. It runs offline too: no I/O, nothing of this service. */
import { createHash } from "node:crypto";

/** A column's value as Postgres tells it in {@link COLUMN_TEXTS}; null for SQL's null. */
export type ColumnTexts = Readonly<Record<string, string | null>>;

export const GROUPS = ["actor", "target", "text"] as const;
export type Group = (typeof GROUPS)[number];

/** What is hashed, in which order. A later format is another entry here; what was chained under an earlier one keeps it. */
export interface LeafFormat {
  readonly plain: readonly string[];
  readonly groups: Readonly<Record<Group, readonly string[]>>;
}

/** Of each group either the salt of its hash, or, when it was erased, the hash. */
export type Openings = Readonly<Record<Group, Buffer>>;

export const SALT_BYTES = 16;
export const HASH_BYTES = 32;

export const FORMATS: Readonly<Record<number, LeafFormat>> = {
  1: {
    plain: ["uid", "tenant_id", "project_id", "action", "crud", "actor_type", "target_type", "product", "is_failure", "is_anonymous", "component", "version", "external_id", "writer", "request_id", "created_at", "received_at"],
    groups: {
      actor: ["actor_id", "actor_name", "actor_href", "actor_fields", "source_ip", "user_agent"],
      target: ["target_id", "target_name", "target_href", "target_fields"],
      text: ["description", "fields", "metadata"],
    },
  },
};
export const CURRENT_FORMAT = 1;

/** Columns that say where a row is kept and nothing about the event: they are shown to nobody, and a change of one tears the row from its place. */
export const NOT_HASHED = ["id", "xid"] as const;

/** How Postgres tells a column, alias `a`; whatever is not here is told as `a.<column>::text`. */
const INSTANT = (column: string) => `to_char(a.${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
export const COLUMN_TEXTS: Readonly<Record<string, string>> = { created_at: INSTANT("created_at"), received_at: INSTANT("received_at") };

const sha256 = (...parts: readonly Uint8Array[]): Buffer => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();

/** Bytes one after the other, in memory that is used again: an event has some thirty short values, and a chain millions of events. */
class Bytes {
  private bytes = Buffer.allocUnsafe(4096);
  private length = 0;

  begin(name: string): this {
    this.length = 0;
    return this.put(domain(name));
  }

  put(part: Uint8Array): this {
    this.need(part.length);
    this.bytes.set(part, this.length);
    this.length += part.length;
    return this;
  }

  u32(value: number): this {
    this.need(4);
    this.length = this.bytes.writeUInt32BE(value, this.length);
    return this;
  }

  u64(value: number): this {
    this.need(8);
    this.length = this.bytes.writeBigUInt64BE(BigInt(value), this.length);
    return this;
  }

  /** Length in bytes, then the bytes: no value can pass for the end of another. */
  text(value: string): this {
    const length = Buffer.byteLength(value);
    this.u32(length).need(length);
    this.length += this.bytes.write(value, this.length);
    return this;
  }

  fields(names: readonly string[], columns: ColumnTexts): this {
    for (const name of names) {
      const value = columns[name] ?? null;
      this.text(name).put(value === null ? ABSENT : PRESENT);
      if (value !== null) this.text(value);
    }
    return this;
  }

  hash(): Buffer {
    return sha256(this.bytes.subarray(0, this.length));
  }

  private need(more: number): void {
    if (this.length + more > this.bytes.length) this.bytes = Buffer.concat([this.bytes], 2 * (this.length + more));
  }
}

const [ABSENT, PRESENT] = [Buffer.of(0), Buffer.of(1)];
const domain = (name: string): Buffer => Buffer.from(`tenant-registry audit ${name} 1\0`, "latin1");
/** Everything here is done at once, so one of each is enough. */
const [ofLeaf, ofGroup, ofLink] = [new Bytes(), new Bytes(), new Bytes()];

/** As `audit_commitment` of migration 13. */
export function commitmentOf(format: LeafFormat, group: Group, salt: Uint8Array, columns: ColumnTexts): Buffer {
  return ofGroup.begin("group").text(group).put(salt).fields(format.groups[group], columns).hash();
}

export function leafOf(format: LeafFormat, columns: ColumnTexts, openings: Openings): Buffer {
  ofLeaf.begin("leaf").u32(format.plain.length).fields(format.plain, columns);
  for (const group of GROUPS) {
    const opening = openings[group];
    ofLeaf.text(group).put(opening.length === HASH_BYTES ? opening : commitmentOf(format, group, opening, columns));
  }
  return ofLeaf.hash();
}

export const genesisOf = (logId: string, tenantId: string): Buffer => ofLink.begin("genesis").text(logId).text(tenantId).hash();
export const linkOf = (previous: Uint8Array, position: number, leaf: Uint8Array): Buffer => ofLink.begin("link").put(previous).u64(position).put(leaf).hash();

/** Domain separation of RFC 6962, section 2.1. */
export const treeLeaf = (leaf: Uint8Array): Buffer => sha256(Buffer.of(0), leaf);
export const treeNode = (left: Uint8Array, right: Uint8Array): Buffer => sha256(Buffer.of(1), left, right);
export const EMPTY_TREE: Buffer = sha256();
