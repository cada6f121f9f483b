/** Owns what an audit event is: its row and its GraphQL type. */
import { GraphQLDateTime, GraphQLJSONObject } from "graphql-scalars";
import { Directive, Field, ID, ObjectType, registerEnumType } from "type-graphql";
import { Check, Column, Entity, Generated, Index, PrimaryColumn, PrimaryGeneratedColumn } from "typeorm";

/** What an action does to its target. */
export enum AuditCrud {
  CREATE = "c",
  READ = "r",
  UPDATE = "u",
  DELETE = "d",
}
registerEnumType(AuditCrud, {
  name: "AuditCrud",
  description: "What an action did to its target.",
  valuesConfig: {
    CREATE: { description: "Made it." },
    READ: { description: "Looked at it." },
    UPDATE: { description: "Changed it." },
    DELETE: { description: "Took it away." },
  },
});

@Entity("audit_log")
@Index("audit_log_uid_idx", ["id"])
@Index("audit_log_xid_idx", ["xid", "serial"])
@Index("audit_log_created_idx", { synchronize: false })
@Index("audit_log_page_idx", ["tenantId", "createdAt", "id"])
@Index("audit_log_action_page_idx", { synchronize: false })
@Index("audit_log_actor_page_idx", { synchronize: false })
@Index("audit_log_target_page_idx", { synchronize: false })
@Index("audit_log_product_page_idx", { synchronize: false })
@Index("audit_log_request_idx", { synchronize: false })
@Index("audit_log_failure_page_idx", { synchronize: false })
@Index("audit_log_deletion_page_idx", { synchronize: false })
@Check("audit_log_crud_check", "crud = ANY (ARRAY['c'::text, 'r'::text, 'u'::text, 'd'::text])")
@Check("audit_log_created_at_check", "isfinite(created_at)")
@Directive('@key(fields: "id")')
@ObjectType({ description: "One recorded action. It is never changed; a person can be erased from it, and it goes when its retention ends.", simpleResolvers: true })
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
  @Field(() => String, { nullable: true, description: "`user`, `service` or `system`; a product may say something else of what it appended." })
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

  @Column("text", { name: "crud", nullable: true })
  @Field(() => AuditCrud, { nullable: true, description: "What it did to the target; null for events from before this was recorded." })
  crud: AuditCrud | null;

  @Column("boolean", { name: "is_failure", default: false })
  @Field(() => Boolean, { description: "Whether it was tried and did not succeed." })
  isFailure: boolean;

  @Column("boolean", { name: "is_anonymous", default: false })
  @Field(() => Boolean, { description: "Whether whoever did it was not known." })
  isAnonymous: boolean;

  @Column("text", { name: "description", nullable: true })
  @Field(() => String, { nullable: true, description: "What happened, in a sentence for people." })
  description: string | null;

  @Column("text", { name: "component", nullable: true })
  @Field(() => String, { nullable: true, description: "The part of the product that recorded it." })
  component: string | null;

  @Column("text", { name: "version", nullable: true })
  @Field(() => String, { nullable: true, description: "Version of that part." })
  version: string | null;

  @Column("text", { name: "external_id", nullable: true })
  @Field(() => String, { nullable: true, description: "What the product calls this event." })
  externalId: string | null;

  @Column("text", { name: "writer", nullable: true })
  @Field(() => String, { nullable: true, description: "Subject of the service, or `key:` and the id of the API key, that appended it; null for what the registry recorded itself." })
  writer: string | null;

  @Column("text", { name: "actor_href", nullable: true })
  @Field(() => String, { nullable: true, description: "Address of a page about who did it." })
  actorHref: string | null;

  @Directive("@cost(weight: 2)")
  @Column("jsonb", { name: "actor_fields", nullable: true })
  @Field(() => GraphQLJSONObject, { nullable: true, description: "What else the product said of who did it; each value is a text." })
  actorFields: Record<string, string> | null;

  @Column("text", { name: "target_href", nullable: true })
  @Field(() => String, { nullable: true, description: "Address of a page about what it was done to." })
  targetHref: string | null;

  @Directive("@cost(weight: 2)")
  @Column("jsonb", { name: "target_fields", nullable: true })
  @Field(() => GraphQLJSONObject, { nullable: true, description: "What else the product said of what it was done to; each value is a text." })
  targetFields: Record<string, string> | null;

  @Directive("@cost(weight: 2)")
  @Column("jsonb", { name: "fields", nullable: true })
  @Field(() => GraphQLJSONObject, { nullable: true, description: "What else the product said of the event; each value is a text." })
  fields: Record<string, string> | null;

  @Column("timestamptz", { name: "received_at", nullable: true, default: () => "now()" })
  @Field(() => GraphQLDateTime, { nullable: true, description: "When the registry recorded it; null for events from before this was told apart from `createdAt`." })
  receivedAt: Date | null;

  /** The transaction that wrote it, which says in which order the log is settled. */
  @Column("bigint", { name: "xid", default: () => "((pg_current_xact_id()))" })
  xid: string;

  @PrimaryColumn("timestamptz", { name: "created_at", default: () => "now()", primaryKeyConstraintName: "audit_log_pkey" })
  @Field(() => GraphQLDateTime, { description: "When it happened: for what a product appended the time that the product said, else when it was recorded." })
  createdAt: Date;
}
