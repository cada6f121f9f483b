/** Owns how it is stored for how long a tenant's events are kept, and whether they are held. A tenant without a row has the defaults. */
import { Check, Column, CreateDateColumn, Entity, ForeignKey, PrimaryColumn, UpdateDateColumn, VersionColumn } from "typeorm";
import { Tenant } from "../tenant/tenant.entity.js";

@Entity("audit_policies")
@Check("audit_policies_days_check", "retention_days BETWEEN 7 AND 3650")
@Check("audit_policies_reason_check", "char_length(hold_reason) <= 500")
export class AuditPolicyRecord {
  @PrimaryColumn("uuid", { name: "tenant_id", primaryKeyConstraintName: "audit_policies_pkey" })
  @ForeignKey(() => Tenant, { name: "audit_policies_tenant_id_fkey", onDelete: "CASCADE" })
  tenantId: string;

  @Column("integer", { name: "retention_days", default: 365 })
  retentionDays: number;

  /** Since when nothing is deleted, however old; null when nothing is held. */
  @Column("timestamptz", { name: "held_at", nullable: true })
  heldAt: Date | null;

  @Column("text", { name: "hold_reason", nullable: true })
  holdReason: string | null;

  @CreateDateColumn({ type: "timestamptz", name: "created_at" })
  createdAt: Date;

  @UpdateDateColumn({ type: "timestamptz", name: "updated_at" })
  updatedAt: Date;

  @VersionColumn({ type: "integer", name: "version", default: 1 })
  version: number;
}
