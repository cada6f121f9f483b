/** Owns what an identity provider configuration is: its row and its GraphQL type. */
import { GraphQLDateTime, GraphQLJSONObject } from "graphql-scalars";
import { Directive, Field, ID, ObjectType, registerEnumType } from "type-graphql";
import { Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryGeneratedColumn, Unique, UpdateDateColumn } from "typeorm";
import { Access } from "../kernel/access.js";
import { Tenant } from "../tenant/tenant.entity.js";

export enum IdpKind {
  OIDC = "oidc",
  SAML = "saml",
}

registerEnumType(IdpKind, {
  name: "IdpKind",
  description: "What an identity provider speaks.",
  valuesConfig: { OIDC: { description: "OpenID Connect." }, SAML: { description: "SAML 2.0." } },
});

@Entity("tenant_idp_config")
@Unique("tenant_idp_config_tenant_id_type_key", ["tenantId", "type"])
@Index("tenant_idp_config_tenant_idx", ["tenantId"])
@Directive('@key(fields: "id")')
@ObjectType({ description: "A tenant's own identity provider.", simpleResolvers: true })
export class IdpConfig {
  @PrimaryGeneratedColumn("uuid", { name: "id", primaryKeyConstraintName: "tenant_idp_config_pkey" })
  @Field(() => ID)
  id: string;

  @Column("uuid", { name: "tenant_id" })
  @ForeignKey(() => Tenant, { name: "tenant_idp_config_tenant_id_fkey", onDelete: "CASCADE" })
  tenantId: string;

  @Column("enum", { name: "type", enum: IdpKind, enumName: "idp_kind" })
  @Field(() => IdpKind, { description: "The protocol that it speaks." })
  type: IdpKind;

  @Directive("@cost(weight: 5)")
  @Access("idp_config.read_metadata")
  @Column("jsonb", { name: "metadata", default: {} })
  @Field(() => GraphQLJSONObject, { nullable: true, description: "Discovery address and client id (OIDC), or certificate and entity id (SAML)." })
  metadata: Record<string, unknown>;

  @Column("boolean", { name: "verified", default: false })
  @Field(() => Boolean, { description: "Has the configuration been checked against the provider?" })
  verified: boolean;

  @CreateDateColumn({ type: "timestamptz", name: "created_at" })
  @Field(() => GraphQLDateTime)
  createdAt: Date;

  @UpdateDateColumn({ type: "timestamptz", name: "updated_at" })
  @Field(() => GraphQLDateTime)
  updatedAt: Date;
}
