/** Owns how it is stored how much a tenant used the registry on a day: its row. Days are UTC's. */
import { Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryGeneratedColumn, Unique } from "typeorm";
import { Tenant } from "../tenant/tenant.entity.js";

@Entity("tenant_usage")
@Unique("tenant_usage_day_key", ["tenantId", "environment", "day"])
@Index("tenant_usage_created_idx", ["tenantId", "createdAt", "id"])
@Index("tenant_usage_day_idx", ["day"])
export class TenantUsageRecord {
  @PrimaryGeneratedColumn("uuid", { name: "id", primaryKeyConstraintName: "tenant_usage_pkey" })
  id: string;

  @Column("uuid", { name: "tenant_id" })
  @ForeignKey(() => Tenant, { name: "tenant_usage_tenant_id_fkey", onDelete: "CASCADE" })
  tenantId: string;

  /** Its slug; the empty text where an operation was for none. */
  @Column("text", { name: "environment", default: "" })
  environment: string;

  @Column("date", { name: "day" })
  day: string;

  @Column("bigint", { name: "operations", default: 0 })
  operations: string;

  /** Those of the operations that were answered with an error. */
  @Column("bigint", { name: "errors", default: 0 })
  errors: string;

  @CreateDateColumn({ type: "timestamptz", name: "created_at" })
  createdAt: Date;
}
