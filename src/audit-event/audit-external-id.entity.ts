/** Owns how it is remembered what a product calls its events, so that one that comes twice is recorded once, and found by that name. */
import { Column, CreateDateColumn, Entity, Index, PrimaryColumn } from "typeorm";

@Entity("audit_external_ids")
@Index("audit_external_ids_created_idx", ["tenantId", "createdAt"])
export class AuditExternalId {
  @PrimaryColumn("uuid", { name: "tenant_id", primaryKeyConstraintName: "audit_external_ids_pkey" })
  tenantId: string;

  @PrimaryColumn("text", { name: "external_id", primaryKeyConstraintName: "audit_external_ids_pkey" })
  externalId: string;

  @PrimaryColumn("text", { name: "product", primaryKeyConstraintName: "audit_external_ids_pkey" })
  product: string;

  @Column("uuid", { name: "event_id" })
  eventId: string;

  /** SHA-256 of what the event said when it came first; null when somebody was erased from it. */
  @Column("bytea", { name: "digest", nullable: true })
  digest: Buffer | null;

  @CreateDateColumn({ type: "timestamptz", name: "created_at" })
  createdAt: Date;
}
