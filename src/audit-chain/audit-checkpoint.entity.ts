/** Owns how a signed checkpoint is stored; what it says is in its text. */
import { Check, Column, CreateDateColumn, Entity, Index, PrimaryColumn } from "typeorm";

/** Why it was signed. */
export enum AuditCheckpointKind {
  INTERVAL = "interval",
  EXPORT = "export",
  PURGE = "purge",
}

@Entity("audit_checkpoints")
@Index("audit_checkpoints_purge_idx", ["tenantId", "position"], { where: "kind = 'purge'" })
@Check("audit_checkpoints_number_check", "number > 0")
export class AuditCheckpointRow {
  @PrimaryColumn("uuid", { name: "tenant_id", primaryKeyConstraintName: "audit_checkpoints_pkey" })
  tenantId: string;

  /** From 1, without gaps. */
  @PrimaryColumn("bigint", { name: "number", primaryKeyConstraintName: "audit_checkpoints_pkey" })
  number: string;

  @Column("enum", { name: "kind", enum: AuditCheckpointKind, enumName: "audit_checkpoint_kind" })
  kind: AuditCheckpointKind;

  /** The last place of the chain that it covers. */
  @Column("bigint", { name: "position" })
  position: string;

  /** A compact JWS. */
  @Column("text", { name: "signed" })
  signed: string;

  @CreateDateColumn({ type: "timestamptz", name: "created_at" })
  createdAt: Date;
}
