/** Owns how a used idempotency key is stored: its row. What it is for is `idempotency.ts`. */
import { Column, CreateDateColumn, Entity, Index, PrimaryColumn } from "typeorm";

const PRIMARY_KEY = "idempotency_keys_pkey";

@Entity("idempotency_keys")
@Index("idempotency_keys_created_idx", ["createdAt"])
export class IdempotencyRecord {
  @PrimaryColumn("uuid", { name: "tenant_id", primaryKeyConstraintName: PRIMARY_KEY })
  tenantId: string;

  @PrimaryColumn("text", { name: "principal", primaryKeyConstraintName: PRIMARY_KEY })
  principal: string;

  @PrimaryColumn("text", { name: "operation", primaryKeyConstraintName: PRIMARY_KEY })
  operation: string;

  @PrimaryColumn("text", { name: "key", primaryKeyConstraintName: PRIMARY_KEY })
  key: string;

  @Column("text", { name: "input_hash" })
  inputHash: string;

  /** Null only inside the transaction that does the work. */
  @Column("json", { name: "result", nullable: true, select: false })
  result: unknown;

  @CreateDateColumn({ type: "timestamptz", name: "created_at" })
  createdAt: Date;
}
