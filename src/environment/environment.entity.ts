/** Owns what an environment is: its row and its GraphQL type. Where it runs is `placement.entity.ts`. */
import { GraphQLDateTime } from "graphql-scalars";
import { Directive, Field, ID, Int, ObjectType } from "type-graphql";
import { Check, Column, CreateDateColumn, Entity, ForeignKey, PrimaryGeneratedColumn, Unique, UpdateDateColumn, VersionColumn } from "typeorm";
import type { Settings } from "../settings/settings.js";
import { Tenant } from "../tenant/tenant.entity.js";

@Entity("tenant_environments")
@Check("tenant_environments_slug_check", "slug ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$' AND slug NOT IN ('default', 'global')")
@Check("tenant_environments_settings_check", "jsonb_typeof(settings) = 'object'")
@Unique("tenant_environments_tenant_id_slug_key", ["tenantId", "slug"])
@Unique("tenant_environments_tenant_id_id_key", ["tenantId", "id"])
@Directive('@key(fields: "id")')
@ObjectType({ description: "A place where a tenant works apart from its other ones, for instance `prod` or `staging`.", simpleResolvers: true })
export class Environment {
  @PrimaryGeneratedColumn("uuid", { name: "id", primaryKeyConstraintName: "tenant_environments_pkey" })
  @Field(() => ID)
  id: string;

  @Column("uuid", { name: "tenant_id" })
  @ForeignKey(() => Tenant, { name: "tenant_environments_tenant_id_fkey", onDelete: "CASCADE" })
  tenantId: string;

  @Column("text", { name: "slug" })
  @Field(() => String, { description: "Short name in every name that is made of it, unique in its tenant. Never changes, and is never given to another one." })
  slug: string;

  @Column("text", { name: "name" })
  @Field(() => String, { description: "Name for people." })
  name: string;

  /** What it says for itself; its field is the resolver's, for a selection shows a part of it. */
  @Column("jsonb", { name: "settings", default: {} })
  settings: Settings;

  @Column("timestamptz", { name: "archived_at", nullable: true })
  @Field(() => GraphQLDateTime, { nullable: true, description: "Since when it is put away; null while it is in use." })
  archivedAt: Date | null;

  @CreateDateColumn({ type: "timestamptz", name: "created_at" })
  @Field(() => GraphQLDateTime)
  createdAt: Date;

  @UpdateDateColumn({ type: "timestamptz", name: "updated_at" })
  @Field(() => GraphQLDateTime)
  updatedAt: Date;

  @VersionColumn({ type: "integer", name: "version", default: 1 })
  @Field(() => Int, { description: "Grows by one with every change, also of where it runs; give it back as `expectedVersion` to change only what you saw." })
  version: number;
}
