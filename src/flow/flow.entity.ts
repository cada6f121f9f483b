/** Owns what a flow is, what a published version of it is, and which of these an environment runs: their rows and their GraphQL types. */
import { GraphQLDateTime, GraphQLJSONObject } from "graphql-scalars";
import { Directive, Field, ID, Int, ObjectType } from "type-graphql";
import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryGeneratedColumn, Unique } from "typeorm";
import { Environment } from "../environment/environment.entity.js";
import { Tenant } from "../tenant/tenant.entity.js";

@Entity("tenant_flows")
@Check("tenant_flows_name_check", "name ~ '^[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?$'")
@Unique("tenant_flows_tenant_id_name_key", ["tenantId", "name"])
@Unique("tenant_flows_tenant_id_id_key", ["tenantId", "id"])
@Directive('@key(fields: "id")')
@ObjectType({ description: "What a tenant's products do in a conversation. It is published in versions that never change; each environment runs one of them, or none.", simpleResolvers: true })
export class Flow {
  @PrimaryGeneratedColumn("uuid", { name: "id", primaryKeyConstraintName: "tenant_flows_pkey" })
  @Field(() => ID)
  id: string;

  @Column("uuid", { name: "tenant_id" })
  @ForeignKey(() => Tenant, { name: "tenant_flows_tenant_id_fkey", onDelete: "CASCADE" })
  tenantId: string;

  @Column("text", { name: "name" })
  @Field(() => String, { description: "What it is called, unique in its tenant. Never changes." })
  name: string;

  @Column("integer", { name: "latest_number", default: 0 })
  @Field(() => Int, { description: "Number of the latest version. Versions are numbered from 1, without gaps." })
  latestNumber: number;

  @CreateDateColumn({ type: "timestamptz", name: "created_at" })
  @Field(() => GraphQLDateTime, { description: "When its first version was published." })
  createdAt: Date;
}

@Entity("flow_versions")
@Check("flow_versions_number_check", "number > 0")
@Check("flow_versions_body_check", "jsonb_typeof(body) = 'object'")
@Unique("flow_versions_number_key", ["tenantId", "flowId", "number"])
@Index("flow_versions_created_idx", ["tenantId", "createdAt", "id"])
@ForeignKey(() => Flow, ["tenantId", "flowId"], ["tenantId", "id"], { name: "flow_versions_flow_fkey", onDelete: "CASCADE" })
@ObjectType({ description: "One published version of a flow. It never changes.", simpleResolvers: true })
export class FlowVersion {
  @PrimaryGeneratedColumn("uuid", { name: "id", primaryKeyConstraintName: "flow_versions_pkey" })
  id: string;

  @Column("uuid", { name: "tenant_id" })
  tenantId: string;

  @Column("uuid", { name: "flow_id" })
  flowId: string;

  @Column("integer", { name: "number" })
  @Field(() => Int, { description: "Its place among the flow's versions: 1 is the first." })
  number: number;

  @Directive("@cost(weight: 5)")
  @Column("jsonb", { name: "body" })
  @Field(() => GraphQLJSONObject, { description: "What it does: its nodes, and what was written about it." })
  body: Record<string, unknown>;

  @Column("text", { name: "published_by" })
  @Field(() => String, { description: "Subject of whoever published it." })
  publishedBy: string;

  @CreateDateColumn({ type: "timestamptz", name: "created_at" })
  @Field(() => GraphQLDateTime, { description: "When it was published." })
  createdAt: Date;
}

/** A row stays when the environment stops running the flow: `number` is null then. */
@Entity("environment_flows")
@Unique("environment_flows_flow_key", ["tenantId", "environmentId", "flowId"])
@ForeignKey(() => Environment, ["tenantId", "environmentId"], ["tenantId", "id"], { name: "environment_flows_environment_fkey", onDelete: "CASCADE" })
@ForeignKey(() => Flow, ["tenantId", "flowId"], ["tenantId", "id"], { name: "environment_flows_flow_fkey", onDelete: "CASCADE" })
@ForeignKey(() => FlowVersion, ["tenantId", "flowId", "number"], ["tenantId", "flowId", "number"], { name: "environment_flows_version_fkey", onDelete: "CASCADE" })
export class RunningFlowRecord {
  @PrimaryGeneratedColumn("uuid", { name: "id", primaryKeyConstraintName: "environment_flows_pkey" })
  id: string;

  @Column("uuid", { name: "tenant_id" })
  tenantId: string;

  @Column("uuid", { name: "environment_id" })
  environmentId: string;

  @Column("uuid", { name: "flow_id" })
  flowId: string;

  @Column("integer", { name: "number", nullable: true })
  number: number | null;

  @CreateDateColumn({ type: "timestamptz", name: "created_at" })
  createdAt: Date;
}

@ObjectType({ description: "A flow that an environment runs, in the version that it runs.", simpleResolvers: true })
export class RunningFlow {
  @Field(() => String, { description: "Name of the flow." })
  flow: string;

  @Field(() => Int, { description: "Number of the version." })
  number: number;

  /** What was written in it. */
  readonly version: { label(): Promise<string | null>; body(): Promise<Record<string, unknown>> };
}
