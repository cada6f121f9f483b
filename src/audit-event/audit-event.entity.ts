/** Owns what an audit event is: its row and its GraphQL type. */
import { GraphQLDateTime, GraphQLJSONObject } from "graphql-scalars";
import { Directive, Field, ID, ObjectType } from "type-graphql";
import { Column, CreateDateColumn, Entity, Generated, Index, PrimaryGeneratedColumn } from "typeorm";

@Entity("audit_log")
@Index("audit_log_tenant_idx", { synchronize: false })
@Index("audit_log_product_idx", { synchronize: false })
@Index("audit_log_actor_idx", { synchronize: false })
@Index("audit_log_action_idx", ["action"])
@Index("audit_log_tenant_action_idx", { synchronize: false })
@Index("audit_log_uid_idx", ["id"], { unique: true })
@Index("audit_log_created_idx", { synchronize: false })
@Index("audit_log_page_idx", ["tenantId", "createdAt", "id"])
@Index("audit_log_action_page_idx", ["tenantId", "action", "createdAt", "id"])
@Directive('@key(fields: "id")')
@ObjectType({ description: "One recorded action. It is never changed and never deleted.", simpleResolvers: true })
export class AuditEvent {
  /** The row's own counter is not shown: it is shared by all tenants and would tell each how busy the others are. */
  @PrimaryGeneratedColumn("increment", { type: "bigint", name: "id", primaryKeyConstraintName: "audit_log_pkey" })
  serial: string;

  @Column("uuid", { name: "uid" })
  @Generated("uuid")
  @Field(() => ID)
  id: string;

  @Column("uuid", { name: "tenant_id", nullable: true })
  tenantId: string | null;

  @Column("uuid", { name: "project_id", nullable: true })
  projectId: string | null;

  @Column("text", { name: "actor_id", nullable: true })
  @Field(() => String, { nullable: true, description: "Subject of who did it." })
  actorId: string | null;

  @Column("text", { name: "actor_name", nullable: true })
  @Field(() => String, { nullable: true, description: "Display name of who did it, as it was then." })
  actorName: string | null;

  @Column("text", { name: "actor_type", nullable: true })
  @Field(() => String, { nullable: true, description: "`user`, `service` or `system`." })
  actorType: string | null;

  @Column("text", { name: "action" })
  @Field(() => String, { description: "What was done, `noun.verb`, for instance `project.create`." })
  action: string;

  @Column("text", { name: "target_id", nullable: true })
  @Field(() => String, { nullable: true, description: "Id of what it was done to." })
  targetId: string | null;

  @Column("text", { name: "target_type", nullable: true })
  @Field(() => String, { nullable: true, description: "Kind of what it was done to, for instance `project`." })
  targetType: string | null;

  @Column("text", { name: "target_name", nullable: true })
  @Field(() => String, { nullable: true, description: "Name of what it was done to, as it was then." })
  targetName: string | null;

  @Column("text", { name: "product", nullable: true })
  @Field(() => String, { nullable: true, description: "Key of the product that the action is about; null for the registry's own." })
  product: string | null;

  @Directive("@cost(weight: 5)")
  @Column("jsonb", { name: "metadata", default: {} })
  @Field(() => GraphQLJSONObject, { description: "Details of the action; never a secret." })
  metadata: Record<string, unknown>;

  @Column("inet", { name: "source_ip", nullable: true })
  @Field(() => String, { nullable: true, description: "Address that the request came from." })
  sourceIp: string | null;

  @Column("text", { name: "user_agent", nullable: true })
  @Field(() => String, { nullable: true, description: "What the caller's software called itself." })
  userAgent: string | null;

  @Column("text", { name: "request_id", nullable: true })
  @Field(() => String, { nullable: true, description: "Id of the request, the same in every log line of it." })
  requestId: string | null;

  @CreateDateColumn({ type: "timestamptz", name: "created_at" })
  @Field(() => GraphQLDateTime, { description: "When it was recorded." })
  createdAt: Date;
}
