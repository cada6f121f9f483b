/** Owns how it is stored how often a key was used on a day: its row. Days are UTC's. */
import { Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryGeneratedColumn, Unique } from "typeorm";
import { ApiKey } from "../api-key/api-key.entity.js";

@Entity("api_key_usage")
@ForeignKey(() => ApiKey, ["tenantId", "apiKeyId"], ["tenantId", "id"], { name: "api_key_usage_key_fkey", onDelete: "CASCADE" })
@Unique("api_key_usage_day_key", ["tenantId", "apiKeyId", "day"])
@Index("api_key_usage_tenant_idx", ["tenantId", "day"])
@Index("api_key_usage_created_idx", ["tenantId", "createdAt", "id"])
@Index("api_key_usage_day_idx", ["day"])
export class ApiKeyUsageRecord {
  @PrimaryGeneratedColumn("uuid", { name: "id", primaryKeyConstraintName: "api_key_usage_pkey" })
  id: string;

  @Column("uuid", { name: "tenant_id" })
  tenantId: string;

  @Column("uuid", { name: "api_key_id" })
  apiKeyId: string;

  @Column("date", { name: "day" })
  day: string;

  /** Verifications that ended well. */
  @Column("bigint", { name: "verified", default: 0 })
  verified: string;

  /** Those of the right key that ended otherwise. */
  @Column("bigint", { name: "refused", default: 0 })
  refused: string;

  @CreateDateColumn({ type: "timestamptz", name: "created_at" })
  createdAt: Date;
}
