/** Owns what is remembered of a reminder that was sent: its row. When one is due is said in `entitlement.deadlines.ts`. */
import { CreateDateColumn, Entity, ForeignKey, PrimaryColumn } from "typeorm";
import { Entitlement } from "./entitlement.entity.js";

const PRIMARY_KEY = "entitlement_notices_pkey";
const ENTITLEMENT_KEY = { name: "entitlement_notices_entitlement_fkey", onDelete: "CASCADE" } as const;

/** One reminder of one end. An end that is moved is another one, and has reminders of its own. */
@Entity("entitlement_notices")
@ForeignKey(() => Entitlement, ["tenantId", "product"], ["tenantId", "product"], ENTITLEMENT_KEY)
export class EntitlementNotice {
  @PrimaryColumn("uuid", { name: "tenant_id", primaryKeyConstraintName: PRIMARY_KEY })
  tenantId: string;

  @PrimaryColumn("text", { name: "product", primaryKeyConstraintName: PRIMARY_KEY })
  product: string;

  @PrimaryColumn("integer", { name: "days_left", primaryKeyConstraintName: PRIMARY_KEY })
  daysLeft: number;

  @PrimaryColumn("timestamptz", { name: "deadline", primaryKeyConstraintName: PRIMARY_KEY })
  deadline: Date;

  @CreateDateColumn({ type: "timestamptz", name: "created_at" })
  createdAt: Date;
}
