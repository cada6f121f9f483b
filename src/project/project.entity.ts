/** Owns what a project is: its row and its GraphQL type. */
import { GraphQLDateTime } from "graphql-scalars";
import { Directive, Field, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryGeneratedColumn, Unique, UpdateDateColumn, VersionColumn } from "typeorm";
import { Tenant } from "../tenant/tenant.entity.js";

export enum ProjectStatus {
  ACTIVE = "active",
  ARCHIVED = "archived",
}

registerEnumType(ProjectStatus, {
  name: "ProjectStatus",
  description: "Whether a project is in use.",
  valuesConfig: {
    ACTIVE: { description: "In use." },
    ARCHIVED: { description: "Put away: readable, cannot be changed until it is restored." },
  },
});

@Entity("tenant_projects")
@Check("tenant_projects_slug_check", "slug ~ '^[a-z0-9][a-z0-9-]{0,38}[a-z0-9]$'")
@Unique("tenant_projects_tenant_id_slug_key", ["tenantId", "slug"])
@Unique("tenant_projects_tenant_id_id_key", ["tenantId", "id"])
@Index("tenant_projects_tenant_idx", ["tenantId"])
@Index("tenant_projects_created_idx", ["tenantId", "createdAt", "id"])
@Index("tenant_projects_name_idx", ["tenantId", "name", "id"])
@Directive('@key(fields: "id")')
@ObjectType({ description: "A part of a tenant that products keep apart, as a cloud project does.", simpleResolvers: true })
export class Project {
  @PrimaryGeneratedColumn("uuid", { name: "id", primaryKeyConstraintName: "tenant_projects_pkey" })
  @Field(() => ID)
  id: string;

  @Column("uuid", { name: "tenant_id" })
  @ForeignKey(() => Tenant, { name: "tenant_projects_tenant_id_fkey", onDelete: "CASCADE" })
  tenantId: string;

  @Column("text", { name: "slug" })
  @Field(() => String, { description: "Short name in addresses, unique in its tenant. Never changes." })
  slug: string;

  @Column("text", { name: "name" })
  @Field(() => String, { description: "Name for people." })
  name: string;

  @Column("enum", { name: "status", enum: ProjectStatus, enumName: "tenant_project_status", default: ProjectStatus.ACTIVE })
  @Field(() => ProjectStatus)
  status: ProjectStatus;

  @CreateDateColumn({ type: "timestamptz", name: "created_at" })
  @Field(() => GraphQLDateTime)
  createdAt: Date;

  @UpdateDateColumn({ type: "timestamptz", name: "updated_at" })
  @Field(() => GraphQLDateTime)
  updatedAt: Date;

  @VersionColumn({ type: "integer", name: "version", default: 1 })
  @Field(() => Int, { description: "Grows by one with every change; give it back as `expectedVersion` to change only what you saw." })
  version: number;
}
