/** Owns what is remembered of a reminder that was sent: its row. When one is due is said in `tenant.duties.ts`. */
import { CreateDateColumn, Entity, ForeignKey, PrimaryColumn } from "typeorm";
import { Tenant } from "./tenant.entity.js";

const PRIMARY_KEY = "tenant_notices_pkey";

/** One reminder of one deadline. A deadline that is moved is another one, and has reminders of its own. */
@Entity("tenant_notices")
export class TenantNotice {
  @PrimaryColumn("uuid", { name: "tenant_id", primaryKeyConstraintName: PRIMARY_KEY })
  @ForeignKey(() => Tenant, { name: "tenant_notices_tenant_id_fkey", onDelete: "CASCADE" })
  tenantId: string;

  /** The action of the event that it was. */
  @PrimaryColumn("text", { name: "kind", primaryKeyConstraintName: PRIMARY_KEY })
  kind: string;

  @PrimaryColumn("integer", { name: "days_left", primaryKeyConstraintName: PRIMARY_KEY })
  daysLeft: number;

  @PrimaryColumn("timestamptz", { name: "deadline", primaryKeyConstraintName: PRIMARY_KEY })
  deadline: Date;

  @CreateDateColumn({ type: "timestamptz", name: "created_at" })
  createdAt: Date;
}
