/** Owns what an entitlement is: its row and its GraphQL type. */
import { GraphQLDateTime, GraphQLJSONObject } from "graphql-scalars";
import { Directive, Field, Int, ObjectType } from "type-graphql";
import { Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn, UpdateDateColumn, VersionColumn } from "typeorm";
import { Tenant } from "../tenant/tenant.entity.js";

const PRIMARY_KEY = "tenant_products_pkey";

@Entity("tenant_products")
@Index("tenant_products_product_idx", ["product"], { where: "enabled = TRUE" })
@Directive('@key(fields: "id")')
@Directive('@key(fields: "tenant { id } product { key }")')
@ObjectType({ description: "What a tenant has of a product.", simpleResolvers: true })
export class Entitlement {
  @PrimaryColumn("uuid", { name: "tenant_id", primaryKeyConstraintName: PRIMARY_KEY })
  @ForeignKey(() => Tenant, { name: "tenant_products_tenant_id_fkey", onDelete: "CASCADE" })
  tenantId: string;

  @PrimaryColumn("text", { name: "product", primaryKeyConstraintName: PRIMARY_KEY })
  product: string;

  @Column("boolean", { name: "enabled", default: true })
  @Field(() => Boolean, { description: "False once it is withdrawn." })
  enabled: boolean;

  @Directive("@cost(weight: 5)")
  @Column("jsonb", { name: "config", default: {} })
  @Field(() => GraphQLJSONObject, { description: "The product's own settings for this tenant, for instance `max_seats`." })
  config: Record<string, unknown>;

  @Column("timestamptz", { name: "expires_at", nullable: true })
  @Field(() => GraphQLDateTime, { nullable: true, description: "When it ends; null when it does not end by itself." })
  expiresAt: Date | null;

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
