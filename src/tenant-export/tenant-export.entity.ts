/** Owns what an export is to the database: the right to fetch a tenant's archive for a while. It is no type of the graph. */
import { Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryGeneratedColumn, Unique } from "typeorm";
import { Tenant } from "../tenant/tenant.entity.js";

@Entity("tenant_exports")
@Unique("tenant_exports_token_hash_key", ["tokenHash"])
@Index("tenant_exports_tenant_idx", ["tenantId"])
export class TenantExport {
  @PrimaryGeneratedColumn("uuid", { name: "id", primaryKeyConstraintName: "tenant_exports_pkey" })
  id: string;

  @Column("uuid", { name: "tenant_id" })
  @ForeignKey(() => Tenant, { name: "tenant_exports_tenant_id_fkey", onDelete: "CASCADE" })
  tenantId: string;

  /** Subject of who asked for it. */
  @Column("text", { name: "requested_by" })
  requestedById: string;

  /** SHA-256 of the address's secret, in hexadecimal. The secret itself is nowhere. */
  @Column("text", { name: "token_hash", select: false })
  tokenHash: string;

  @Column("timestamptz", { name: "expires_at" })
  expiresAt: Date;

  @CreateDateColumn({ type: "timestamptz", name: "created_at" })
  createdAt: Date;
}
