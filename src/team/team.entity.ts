/** Owns what a team is: its row and its GraphQL type. */
import { GraphQLDateTime } from "graphql-scalars";
import { Directive, Field, ID, Int, ObjectType } from "type-graphql";
import { Check, Column, CreateDateColumn, Entity, ForeignKey, PrimaryGeneratedColumn, Unique, UpdateDateColumn, VersionColumn } from "typeorm";
import type { Settings } from "../settings/settings.js";
import { Tenant } from "../tenant/tenant.entity.js";

@Entity("tenant_teams")
@Check("tenant_teams_slug_check", "slug ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$' AND slug NOT IN ('default', 'global')")
@Check("tenant_teams_settings_check", "jsonb_typeof(settings) = 'object'")
@Unique("tenant_teams_tenant_id_slug_key", ["tenantId", "slug"])
@Unique("tenant_teams_tenant_id_id_key", ["tenantId", "id"])
@Directive('@key(fields: "id")')
@ObjectType({ description: "A part of a tenant's people with channels of its own, for instance `support`. It is the same in every environment.", simpleResolvers: true })
export class Team {
  @PrimaryGeneratedColumn("uuid", { name: "id", primaryKeyConstraintName: "tenant_teams_pkey" })
  @Field(() => ID)
  id: string;

  @Column("uuid", { name: "tenant_id" })
  @ForeignKey(() => Tenant, { name: "tenant_teams_tenant_id_fkey", onDelete: "CASCADE" })
  tenantId: string;

  @Column("text", { name: "slug" })
  @Field(() => String, { description: "Short name in every name that is made of it, unique in its tenant. Never changes, and is never given to another one." })
  slug: string;

  @Column("text", { name: "name" })
  @Field(() => String, { description: "Name for people." })
  name: string;

  /** Its field is the resolver's, for a selection shows a part of it. */
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
  @Field(() => Int, { description: "Grows by one with every change; give it back as `expectedVersion` to change only what you saw." })
  version: number;
}
