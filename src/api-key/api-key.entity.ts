/** Owns what an API key is: its row and its GraphQL type. The hash has no field and is never selected. */
import { GraphQLDateTime } from "graphql-scalars";
import { Directive, Field, ID, ObjectType } from "type-graphql";
import { Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryGeneratedColumn, Unique } from "typeorm";
import { Tenant } from "../tenant/tenant.entity.js";

@Entity("api_keys")
@Unique("api_keys_tenant_id_name_key", ["tenantId", "name"])
@Index("api_keys_tenant_idx", ["tenantId"], { where: "revoked_at IS NULL" })
@Index("api_keys_prefix_idx", ["prefix"])
@Index("api_keys_created_idx", ["tenantId", "createdAt", "id"])
@Directive('@key(fields: "id")')
@ObjectType({ description: "A credential for products without a login. Its secret is shown once, when it is made.", simpleResolvers: true })
export class ApiKey {
  @PrimaryGeneratedColumn("uuid", { name: "id", primaryKeyConstraintName: "api_keys_pkey" })
  @Field(() => ID)
  id: string;

  @Column("uuid", { name: "tenant_id" })
  @ForeignKey(() => Tenant, { name: "api_keys_tenant_id_fkey", onDelete: "CASCADE" })
  tenantId: string;

  @Column("text", { name: "product", nullable: true })
  product: string | null;

  @Column("text", { name: "name" })
  @Field(() => String, { description: "Name for people, unique in its tenant." })
  name: string;

  @Column("text", { name: "scopes", array: true, default: () => "ARRAY[]" })
  @Field(() => [String], { description: "What the key may do, in the product's words." })
  scopes: string[];

  @Column("text", { name: "hash", select: false })
  hash: string;

  @Column("text", { name: "prefix" })
  @Field(() => String, { description: "The first characters of the key, to tell keys apart in a list." })
  prefix: string;

  @Column("text", { name: "created_by", nullable: true })
  createdById: string | null;

  @Column("timestamptz", { name: "last_used_at", nullable: true })
  @Field(() => GraphQLDateTime, { nullable: true, description: "When it was last verified." })
  lastUsedAt: Date | null;

  @Column("timestamptz", { name: "revoked_at", nullable: true })
  @Field(() => GraphQLDateTime, { nullable: true, description: "When it stopped working; null while it works." })
  revokedAt: Date | null;

  @CreateDateColumn({ type: "timestamptz", name: "created_at" })
  @Field(() => GraphQLDateTime)
  createdAt: Date;
}
