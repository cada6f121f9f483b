/** Owns the one row that says up to where the log is settled, and which log this is. Whoever holds its lock settles. */
import { Column, Entity, Index, PrimaryGeneratedColumn } from "typeorm";

@Entity("audit_settlement")
@Index("audit_settlement_one_idx", { synchronize: false })
export class AuditSettlementRow {
  @PrimaryGeneratedColumn("uuid", { name: "log_id", primaryKeyConstraintName: "audit_settlement_pkey" })
  logId: string;

  /** Transaction and number of the event that was settled last. */
  @Column("bigint", { name: "xid", default: 0 })
  xid: string;

  @Column("bigint", { name: "event", default: 0 })
  event: string;

  @Column("timestamptz", { name: "settled_at", default: () => "now()" })
  settledAt: Date;
}
