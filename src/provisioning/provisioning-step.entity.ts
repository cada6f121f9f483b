/** Owns what a provisioning step is: its row and its GraphQL type. */
import { GraphQLDateTime } from "graphql-scalars";
import { Field, Int, ObjectType, registerEnumType } from "type-graphql";
import { Column, Entity, ForeignKey, Index, PrimaryColumn } from "typeorm";
import { Tenant, TenantStatus } from "../tenant/tenant.entity.js";
import type { ProvisioningError } from "./provisioning.rules.js";

export enum StepName {
  ORGANIZATION = "organization",
  INVITATION = "invitation",
  VERIFICATION = "verification",
}

export enum StepState {
  PENDING = "pending",
  DONE = "done",
  FAILED = "failed",
  SKIPPED = "skipped",
}

registerEnumType(StepName, {
  name: "ProvisioningStepName",
  description: "What is done at the identity provider for a new tenant, in this order.",
  valuesConfig: {
    ORGANIZATION: { description: "The tenant's organisation exists and carries its name and state." },
    INVITATION: { description: "The people that the tenant wants are invited." },
    VERIFICATION: { description: "Whoever was invited has accepted, and is an administrator of the tenant." },
  },
});

registerEnumType(StepState, {
  name: "ProvisioningStepState",
  description: "Where a step stands.",
  valuesConfig: {
    PENDING: { description: "Still to be done." },
    DONE: { description: "Done." },
    FAILED: { description: "The last attempt failed; `nextAttemptAt` says whether there is another one without anybody's help." },
    SKIPPED: { description: "There is nothing to do." },
  },
});

const PRIMARY_KEY = "tenant_provisioning_steps_pkey";

@Entity("tenant_provisioning_steps")
@Index("tenant_provisioning_steps_due_idx", ["nextAttemptAt"], { where: "next_attempt_at IS NOT NULL" })
@ObjectType("ProvisioningStep", { description: "One step of a tenant's way to the identity provider.", simpleResolvers: true })
export class ProvisioningStep {
  @PrimaryColumn("uuid", { name: "tenant_id", primaryKeyConstraintName: PRIMARY_KEY })
  @ForeignKey(() => Tenant, { name: "tenant_provisioning_steps_tenant_id_fkey", onDelete: "CASCADE" })
  tenantId: string;

  @PrimaryColumn("enum", { name: "step", enum: StepName, enumName: "provisioning_step_name", primaryKeyConstraintName: PRIMARY_KEY })
  @Field(() => StepName, { description: "Which of the steps it is." })
  step: StepName;

  @Column("enum", { name: "state", enum: StepState, enumName: "provisioning_step_state" })
  @Field(() => StepState)
  state: StepState;

  @Column("integer", { name: "attempts", default: 0 })
  @Field(() => Int, { description: "Attempts since it was last done or asked for." })
  attempts: number;

  /** A code of ours; callers get its words. */
  @Column("text", { name: "last_error", nullable: true })
  lastError: ProvisioningError | null;

  @Column("timestamptz", { name: "last_attempt_at", nullable: true })
  @Field(() => GraphQLDateTime, { nullable: true, description: "When it was tried last; null when it was not yet." })
  lastAttemptAt: Date | null;

  @Column("timestamptz", { name: "next_attempt_at", nullable: true })
  @Field(() => GraphQLDateTime, { nullable: true, description: "When its turn is; while it is worked on, when that is given up. Null when nothing happens by itself." })
  nextAttemptAt: Date | null;

  @Column("timestamptz", { name: "completed_at", nullable: true })
  @Field(() => GraphQLDateTime, { nullable: true, description: "When it was done; null as long as it is not." })
  completedAt: Date | null;

  /** Of the organisation's step: the name that Keycloak was last told; null when it was not told yet, or must be looked at anew. */
  @Column("text", { name: "sent_name", nullable: true })
  sentName: string | null;

  @Column("enum", { name: "sent_status", enum: TenantStatus, enumName: "tenant_status", nullable: true })
  sentStatus: TenantStatus | null;
}
