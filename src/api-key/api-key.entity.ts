/** Owns what an API key is: its row and its GraphQL type. Hash and pepper have no field and are never selected. */
import { GraphQLDateTime } from "graphql-scalars";
import { Directive, Field, ID, ObjectType, registerEnumType } from "type-graphql";
import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryGeneratedColumn, Unique } from "typeorm";
import { Project } from "../project/project.entity.js";
import { Tenant } from "../tenant/tenant.entity.js";

export enum ApiKeyEnvironment {
  DEV = "dev",
  STAGING = "staging",
  PROD = "prod",
}

export enum ApiKeyOwnerKind {
  TENANT = "tenant",
  USER = "user",
}

export enum ApiKeyRevokeReason {
  REQUESTED = "requested",
  LEAKED = "leaked",
  ROTATED = "rotated",
}

registerEnumType(ApiKeyEnvironment, {
  name: "ApiKeyEnvironment",
  description: "Where a key works. It is the second word of the key itself.",
  valuesConfig: {
    DEV: { description: "For trying things out." },
    STAGING: { description: "For what is about to go live." },
    PROD: { description: "For real." },
  },
});

registerEnumType(ApiKeyOwnerKind, {
  name: "ApiKeyOwnerKind",
  description: "Whom a key stands for.",
  valuesConfig: {
    TENANT: { description: "The tenant, whoever made it." },
    USER: { description: "The person who made it." },
  },
});

registerEnumType(ApiKeyRevokeReason, {
  name: "ApiKeyRevokeReason",
  description: "Why a key was revoked.",
  valuesConfig: {
    REQUESTED: { description: "Somebody asked for it." },
    LEAKED: { description: "It was found where it should not be." },
    ROTATED: { description: "Another took its place, and it was not to go on working beside that one." },
  },
});

@Entity("api_keys")
@Check("api_keys_lookup_check", "lookup_id ~ '^([0-9A-Za-z]{12}|~[0-9a-f]{16,64})$' AND (lookup_seat = 0 OR lookup_id ~ '^~')")
@Check("api_keys_seat_check", "lookup_seat BETWEEN 0 AND 7")
@Check("api_keys_owner_check", "(owner_kind = 'user') = (owner_id IS NOT NULL)")
@Check("api_keys_rotation_check", "(rotated_at IS NULL) = (overlap_ends_at IS NULL)")
@Check("api_keys_allowed_ips_check", "cardinality(allowed_ips) <= 20")
@ForeignKey(() => Project, ["tenantId", "projectId"], ["tenantId", "id"], { name: "api_keys_project_fkey" })
@ForeignKey(() => ApiKey, ["tenantId", "rotatedFromId"], ["tenantId", "id"], { name: "api_keys_rotated_from_fkey" })
@Unique("api_keys_lookup_key", ["lookupId", "lookupSeat"])
@Unique("api_keys_tenant_id_id_key", ["tenantId", "id"])
@Index("api_keys_name_key", ["tenantId", "name"], { unique: true, where: "revoked_at IS NULL AND rotated_at IS NULL" })
@Index("api_keys_expires_idx", ["tenantId", "expiresAt", "id"])
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
  @Field(() => String, { description: "Name for people, unique among its tenant's keys; free again once the key is revoked, and for what takes its place when it is rotated." })
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
  @Field(() => GraphQLDateTime, { nullable: true, description: "When it was revoked; null when nobody did that. Whether it works is `state`." })
  revokedAt: Date | null;

  /** Null: it can never be verified, as keys that were adopted with a hash that is none. */
  @Column("text", { name: "lookup_id", nullable: true })
  @Field(() => String, { nullable: true, description: "The public part of the key, by which it is told apart from every other; null when it can never be verified." })
  lookupId: string | null;

  /** Tells keys with one look-up id apart; only imported ones share one. */
  @Column("smallint", { name: "lookup_seat", default: 0 })
  lookupSeat: number;

  /** Null: its hash was made without one, elsewhere. */
  @Column("text", { name: "pepper_id", nullable: true, select: false })
  pepperId: string | null;

  @Column("enum", { name: "environment", enum: ApiKeyEnvironment, enumName: "api_key_environment", nullable: true })
  @Field(() => ApiKeyEnvironment, { nullable: true, description: "Where it works; null when everywhere." })
  environment: ApiKeyEnvironment | null;

  @Column("uuid", { name: "project_id", nullable: true })
  projectId: string | null;

  @Column("enum", { name: "owner_kind", enum: ApiKeyOwnerKind, enumName: "api_key_owner", default: ApiKeyOwnerKind.TENANT })
  @Field(() => ApiKeyOwnerKind)
  ownerKind: ApiKeyOwnerKind;

  @Column("text", { name: "owner_id", nullable: true })
  ownerId: string | null;

  @Column("text", { name: "allowed_ips", array: true, default: () => "ARRAY[]" })
  @Field(() => [String], { description: "Addresses and blocks of them that it may come from; empty when from anywhere." })
  allowedIps: string[];

  @Column("timestamptz", { name: "expires_at", nullable: true })
  @Field(() => GraphQLDateTime, { nullable: true, description: "From when on it no longer works; null when it does not end by itself." })
  expiresAt: Date | null;

  @Column("uuid", { name: "rotated_from_id", nullable: true })
  rotatedFromId: string | null;

  @Column("timestamptz", { name: "rotated_at", nullable: true })
  rotatedAt: Date | null;

  @Column("timestamptz", { name: "overlap_ends_at", nullable: true })
  @Field(() => GraphQLDateTime, { nullable: true, description: "Until when it works beside the key that took its place; null when none did." })
  overlapEndsAt: Date | null;

  @Column("text", { name: "revoked_by", nullable: true })
  revokedById: string | null;

  @Column("enum", { name: "revoke_reason", enum: ApiKeyRevokeReason, enumName: "api_key_revoke_reason", nullable: true })
  @Field(() => ApiKeyRevokeReason, { nullable: true, description: "Why it was revoked; null while it is not, or when nobody said." })
  revokeReason: ApiKeyRevokeReason | null;

  @Column("timestamptz", { name: "imported_at", nullable: true })
  importedAt: Date | null;

  @CreateDateColumn({ type: "timestamptz", name: "created_at" })
  @Field(() => GraphQLDateTime)
  createdAt: Date;
}
