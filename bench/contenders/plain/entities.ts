/** Owns the entities of the plain set-up: one class for table and type, relations as a tutorial draws them. */
import { GraphQLJSONObject } from "graphql-scalars";
import { Field, ID, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";

@Entity("tenant_projects")
@ObjectType("Project")
export class PlainProject {
  @PrimaryColumn("uuid", { default: () => "gen_random_uuid()" })
  @Field(() => ID)
  id: string;

  @Column("uuid", { name: "tenant_id" })
  tenantId: string;

  @Column("text")
  @Field(() => String)
  slug: string;

  @Column("text")
  @Field(() => String)
  name: string;

  @Column("text", { default: "active" })
  @Field(() => String)
  status: string;

  @Column("timestamptz", { name: "created_at", default: () => "now()" })
  @Field(() => Date)
  createdAt: Date;
}

@Entity("tenant_products")
@ObjectType("Entitlement")
export class PlainEntitlement {
  @PrimaryColumn("uuid", { name: "tenant_id" })
  tenantId: string;

  @PrimaryColumn("text")
  @Field(() => String)
  product: string;

  @Column("boolean")
  @Field(() => Boolean)
  enabled: boolean;

  @Column("timestamptz", { name: "expires_at", nullable: true })
  @Field(() => Date, { nullable: true })
  expiresAt: Date | null;
}

@Entity("api_keys")
@ObjectType("ApiKey")
export class PlainApiKey {
  @PrimaryColumn("uuid")
  @Field(() => ID)
  id: string;

  @Column("uuid", { name: "tenant_id" })
  tenantId: string;

  @Column("text")
  @Field(() => String)
  name: string;

  @Column("text")
  @Field(() => String)
  prefix: string;

  @Column("text", { array: true })
  @Field(() => [String])
  scopes: string[];

  @Column("timestamptz", { name: "last_used_at", nullable: true })
  @Field(() => Date, { nullable: true })
  lastUsedAt: Date | null;

  @Column("timestamptz", { name: "created_at" })
  createdAt: Date;
}

@Entity("audit_log")
@ObjectType("AuditEvent")
export class PlainAuditEvent {
  @PrimaryColumn("uuid", { name: "uid", default: () => "gen_random_uuid()" })
  @Field(() => ID)
  id: string;

  @Column("uuid", { name: "tenant_id" })
  tenantId: string;

  @Column("text")
  @Field(() => String)
  action: string;

  @Column("text", { name: "actor_id", nullable: true })
  @Field(() => String, { nullable: true })
  actorId: string | null;

  @Column("text", { name: "target_id", nullable: true })
  targetId: string | null;

  @Column("text", { name: "target_type", nullable: true })
  @Field(() => String, { nullable: true })
  targetType: string | null;

  @Column("text", { name: "target_name", nullable: true })
  @Field(() => String, { nullable: true })
  targetName: string | null;

  @Column("jsonb", { default: {} })
  @Field(() => GraphQLJSONObject)
  metadata: object;

  @Column("timestamptz", { name: "created_at", default: () => "now()" })
  @Field(() => Date)
  createdAt: Date;
}

@ObjectType("AuditEventPage")
export class PlainAuditEventPage {
  @Field(() => [PlainAuditEvent])
  nodes: PlainAuditEvent[];

  @Field(() => Boolean)
  hasNextPage: boolean;
}

@Entity("tenants")
@ObjectType("Tenant")
export class PlainTenant {
  @PrimaryColumn("uuid")
  @Field(() => ID)
  id: string;

  @Column("text")
  @Field(() => String)
  slug: string;

  @Column("text")
  @Field(() => String)
  name: string;

  @Column("text")
  @Field(() => String)
  status: string;

  @Column("text")
  @Field(() => String)
  plan: string;

  @Column("timestamptz", { name: "created_at" })
  @Field(() => Date)
  createdAt: Date;
}
