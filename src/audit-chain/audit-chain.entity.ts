/** Owns what a place in a tenant's chain is: one event's row, and what it is proved by. It is no type of the graph by itself. */
import { Check, Column, Entity, PrimaryColumn, Unique } from "typeorm";

@Entity("audit_chain")
@Unique("audit_chain_event_key", ["event"])
@Check("audit_chain_position_check", "\"position\" > 0")
export class AuditChainRow {
  /** The nil UUID for events of no tenant. */
  @PrimaryColumn("uuid", { name: "tenant_id", primaryKeyConstraintName: "audit_chain_pkey" })
  tenantId: string;

  /** From 1, without gaps. */
  @PrimaryColumn("bigint", { name: "position", primaryKeyConstraintName: "audit_chain_pkey" })
  position: string;

  /** Number of the event's row in the log. */
  @Column("bigint", { name: "event" })
  event: string;

  /** The event's time, which says in which part of the log it is. */
  @Column("timestamptz", { name: "event_at" })
  eventAt: Date;

  /** Which columns were hashed, and in which order. */
  @Column("smallint", { name: "format" })
  format: number;

  /** Of each group of personal columns its salt, or, when somebody was erased from it, its hash. */
  @Column("bytea", { name: "actor_opening" })
  actorOpening: Buffer;

  @Column("bytea", { name: "target_opening" })
  targetOpening: Buffer;

  @Column("bytea", { name: "text_opening" })
  textOpening: Buffer;

  @Column("bytea", { name: "leaf" })
  leaf: Buffer;

  @Column("bytea", { name: "chain" })
  chain: Buffer;
}
