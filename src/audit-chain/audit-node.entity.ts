/** Owns the stored hashes of a tenant's tree: those of every eighth level, from which the others are soon made. */
import { Column, Entity, PrimaryColumn } from "typeorm";

@Entity("audit_nodes")
export class AuditNode {
  @PrimaryColumn("uuid", { name: "tenant_id", primaryKeyConstraintName: "audit_nodes_pkey" })
  tenantId: string;

  /** Leaves are at level 0; here are 8, 16, 24 and so on. */
  @PrimaryColumn("smallint", { name: "level", primaryKeyConstraintName: "audit_nodes_pkey" })
  level: number;

  /** From 0, left to right. */
  @PrimaryColumn("bigint", { name: "number", primaryKeyConstraintName: "audit_nodes_pkey" })
  number: string;

  @Column("bytea", { name: "hash" })
  hash: Buffer;
}
