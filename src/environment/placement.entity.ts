/** Owns on which cluster an environment ran from when to when: a row for each time that it was placed, and its GraphQL type. The one without an end is the present one. */
import { GraphQLDateTime } from "graphql-scalars";
import { Field, ObjectType } from "type-graphql";
import { Check, Column, Entity, ForeignKey, Index, PrimaryGeneratedColumn } from "typeorm";
import { Environment } from "./environment.entity.js";

@Entity("environment_placements")
@Check("environment_placements_end_check", "ended_at >= placed_at")
@Index("environment_placements_present_key", ["tenantId", "environmentId"], { unique: true, where: "ended_at IS NULL" })
@Index("environment_placements_history_idx", ["tenantId", "environmentId", "placedAt", "id"])
@Index("environment_placements_cluster_idx", ["cluster", "id"], { where: "ended_at IS NULL" })
@ForeignKey(() => Environment, ["tenantId", "environmentId"], ["tenantId", "id"], { name: "environment_placements_environment_fkey", onDelete: "CASCADE" })
@ObjectType({ description: "One time that an environment was placed on a cluster.", simpleResolvers: true })
export class Placement {
  @PrimaryGeneratedColumn("uuid", { name: "id", primaryKeyConstraintName: "environment_placements_pkey" })
  id: string;

  @Column("uuid", { name: "tenant_id" })
  tenantId: string;

  @Column("uuid", { name: "environment_id" })
  environmentId: string;

  /** Name of a cluster of the platform's file, which may not have it any more. */
  @Column("text", { name: "cluster" })
  cluster: string;

  @Column("timestamptz", { name: "placed_at" })
  @Field(() => GraphQLDateTime, { description: "Since when it ran there." })
  placedAt: Date;

  @Column("timestamptz", { name: "ended_at", nullable: true })
  @Field(() => GraphQLDateTime, { nullable: true, description: "Until when it ran there; null while it does." })
  endedAt: Date | null;
}
