/** Owns what a channel is: its row and its GraphQL type. */
import { GraphQLDateTime, GraphQLJSONObject } from "graphql-scalars";
import { Directive, Field, ID, Int, ObjectType } from "type-graphql";
import { Check, Column, CreateDateColumn, Entity, ForeignKey, PrimaryGeneratedColumn, Unique, UpdateDateColumn, VersionColumn } from "typeorm";
import { Team } from "./team.entity.js";

@Entity("team_channels")
@Check("team_channels_slug_check", "slug ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$' AND slug NOT IN ('default', 'global')")
@Check("team_channels_config_check", "jsonb_typeof(config) = 'object'")
@Unique("team_channels_team_id_slug_key", ["tenantId", "teamId", "slug"])
@ForeignKey(() => Team, ["tenantId", "teamId"], ["tenantId", "id"], { name: "team_channels_team_fkey", onDelete: "CASCADE" })
@Directive('@key(fields: "id")')
@ObjectType({ description: "A way by which people talk with a team, for instance a room of a messenger. It is the same in every environment.", simpleResolvers: true })
export class Channel {
  @PrimaryGeneratedColumn("uuid", { name: "id", primaryKeyConstraintName: "team_channels_pkey" })
  @Field(() => ID)
  id: string;

  @Column("uuid", { name: "tenant_id" })
  tenantId: string;

  @Column("uuid", { name: "team_id" })
  teamId: string;

  @Column("text", { name: "slug" })
  @Field(() => String, { description: "Short name in every name that is made of it, unique in its team. Never changes, and is never given to another one." })
  slug: string;

  @Column("text", { name: "provider" })
  @Field(() => String, { description: "Key of the provider that it is of, for instance `messaging-slack`. The platform may no longer have it." })
  provider: string;

  @Directive("@cost(weight: 5)")
  @Column("jsonb", { name: "config", default: {} })
  @Field(() => GraphQLJSONObject, { description: "What the provider has to know of it, for instance `channel_id`. No secrets." })
  config: Record<string, unknown>;

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
