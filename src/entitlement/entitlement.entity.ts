/** Owns what an entitlement is: its row and its GraphQL type. */
import { GraphQLDateTime, GraphQLJSONObject } from "graphql-scalars";
import { Directive, Field, Int, ObjectType, registerEnumType } from "type-graphql";
import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn, UpdateDateColumn, VersionColumn } from "typeorm";
import { Tenant } from "../tenant/tenant.entity.js";

const PRIMARY_KEY = "tenant_products_pkey";

export enum EntitlementSource {
  OVERRIDE = "override",
  TRIAL = "trial",
}

registerEnumType(EntitlementSource, {
  name: "EntitlementSource",
  description: "Who decided that a tenant has an entitlement of its own, beside what its plan gives.",
  valuesConfig: {
    OVERRIDE: { description: "An operator; has the last word, also against the plan." },
    TRIAL: { description: "The tenant's admin, by starting the product's trial; only adds to the plan." },
  },
});

@Entity("tenant_products")
@Check("tenant_products_trial_check", "source <> 'trial' OR (trial_started_at IS NOT NULL AND expires_at IS NOT NULL)")
@Index("tenant_products_product_idx", ["product"], { where: "enabled = TRUE" })
@Index("tenant_products_expires_idx", ["expiresAt", "tenantId", "product"], { where: "enabled = TRUE" })
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
  @Field(() => Boolean, { description: "False once it is withdrawn, and soon after its end. Whether it counts now is `verdict`." })
  enabled: boolean;

  @Column("enum", { name: "source", enum: EntitlementSource, enumName: "entitlement_source", default: EntitlementSource.OVERRIDE })
  @Field(() => EntitlementSource)
  source: EntitlementSource;

  @Directive("@cost(weight: 5)")
  @Column("jsonb", { name: "config", default: {} })
  @Field(() => GraphQLJSONObject, { description: "The product's own settings for this tenant, for instance `max_seats`." })
  config: Record<string, unknown>;

  @Column("timestamptz", { name: "expires_at", nullable: true })
  @Field(() => GraphQLDateTime, { nullable: true, description: "When it ends; null when it does not end by itself." })
  expiresAt: Date | null;

  @Column("timestamptz", { name: "trial_started_at", nullable: true })
  @Field(() => GraphQLDateTime, { nullable: true, description: "When the tenant started its one trial of the product; stays when the product is bought or withdrawn." })
  trialStartedAt: Date | null;

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
