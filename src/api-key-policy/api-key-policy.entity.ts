/** Owns how a tenant's rules for its API keys are stored: their row. A tenant without one has what `api-key-policy.reads.ts` says. */
import { Check, Column, CreateDateColumn, Entity, ForeignKey, PrimaryColumn, UpdateDateColumn, VersionColumn } from "typeorm";
import { Tenant } from "../tenant/tenant.entity.js";

@Entity("api_key_policies")
@Check("api_key_policies_days_check", "max_lifetime_days BETWEEN 1 AND 365")
export class ApiKeyPolicyRecord {
  @PrimaryColumn("uuid", { name: "tenant_id", primaryKeyConstraintName: "api_key_policies_pkey" })
  @ForeignKey(() => Tenant, { name: "api_key_policies_tenant_id_fkey", onDelete: "CASCADE" })
  tenantId: string;

  @Column("integer", { name: "max_lifetime_days", default: 90 })
  maxLifetimeDays: number;

  @Column("boolean", { name: "may_never_expire", default: false })
  mayNeverExpire: boolean;

  @CreateDateColumn({ type: "timestamptz", name: "created_at" })
  createdAt: Date;

  @UpdateDateColumn({ type: "timestamptz", name: "updated_at" })
  updatedAt: Date;

  @VersionColumn({ type: "integer", name: "version", default: 1 })
  version: number;
}
