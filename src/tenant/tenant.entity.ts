/** Owns what a tenant is: its row and its GraphQL type. */
import { GraphQLDateTime, GraphQLLocalDate } from "graphql-scalars";
import { Directive, Field, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import { Check, Column, CreateDateColumn, Entity, Index, PrimaryGeneratedColumn, Unique, UpdateDateColumn, VersionColumn } from "typeorm";
import { Access } from "../kernel/access.js";

export enum TenantStatus {
  DEMO = "demo",
  TRIAL = "trial",
  ACTIVE = "active",
  FROZEN = "frozen",
  ARCHIVED = "archived",
}

export enum TenantKind {
  CUSTOMER = "customer",
  DEMO = "demo",
}

registerEnumType(TenantStatus, {
  name: "TenantStatus",
  description: "Where a tenant stands in its life.",
  valuesConfig: {
    DEMO: { description: "The shared demo tenant: reset nightly, never billed." },
    TRIAL: { description: "A customer in its evaluation window." },
    ACTIVE: { description: "A paying customer." },
    FROZEN: { description: "Read-only after a cancellation or non-payment, for 30 days." },
    ARCHIVED: { description: "Gone: only the audit log remains." },
  },
});

registerEnumType(TenantKind, {
  name: "TenantKind",
  description: "Whether a tenant is a real customer.",
  valuesConfig: {
    CUSTOMER: { description: "A paying or trialling customer." },
    DEMO: { description: "A shared demo tenant." },
  },
});

@Entity("tenants")
@Check("tenants_slug_check", "slug ~ '^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$'")
@Unique("tenants_slug_key", ["slug"])
@Unique("tenants_erp_customer_id_key", ["erpCustomerId"])
@Unique("tenants_stripe_cust_id_key", ["stripeCustomerId"])
@Unique("tenants_keycloak_org_id_key", ["keycloakOrganizationId"])
@Index("tenants_status_idx", ["status"])
@Index("tenants_kind_idx", ["kind"])
@Index("tenants_trial_ends_idx", ["trialEndsAt"], { where: "trial_ends_at IS NOT NULL" })
@Index("tenants_created_idx", ["createdAt", "id"])
@Index("tenants_name_idx", ["name", "id"])
@Directive('@key(fields: "id")')
@Directive('@key(fields: "slug")')
@ObjectType({ description: "A customer organisation.", simpleResolvers: true })
export class Tenant {
  @PrimaryGeneratedColumn("uuid", { name: "id", primaryKeyConstraintName: "tenants_pkey" })
  @Field(() => ID)
  id: string;

  @Column("text", { name: "slug" })
  @Field(() => String, { description: "Short name in addresses: lower-case letters, digits and hyphens. Never changes and is never used again." })
  slug: string;

  @Column("text", { name: "name" })
  @Field(() => String, { description: "Name for people." })
  name: string;

  @Column("enum", { name: "status", enum: TenantStatus, enumName: "tenant_status", default: TenantStatus.TRIAL })
  @Field(() => TenantStatus)
  status: TenantStatus;

  @Column("enum", { name: "kind", enum: TenantKind, enumName: "tenant_kind", default: TenantKind.CUSTOMER })
  @Field(() => TenantKind)
  kind: TenantKind;

  @Column("text", { name: "plan", default: "starter" })
  @Field(() => String, { description: "Key of the plan that was bought." })
  plan: string;

  @Access("tenant.read_billing")
  @Column("text", { name: "erp_customer_id", nullable: true })
  @Field(() => String, { nullable: true, description: "The customer's number in the ERP system." })
  erpCustomerId: string | null;

  @Access("tenant.read_billing")
  @Column("text", { name: "stripe_cust_id", nullable: true })
  @Field(() => String, { nullable: true, description: "The customer's id at Stripe." })
  stripeCustomerId: string | null;

  @Column("timestamptz", { name: "trial_ends_at", nullable: true })
  @Field(() => GraphQLDateTime, { nullable: true, description: "When the evaluation ends; compared at every read, so nothing is free after it." })
  trialEndsAt: Date | null;

  @Access("tenant.read_billing")
  @Column("date", { name: "contract_start", nullable: true })
  @Field(() => GraphQLLocalDate, { nullable: true, description: "First day of the contract." })
  contractStart: string | null;

  @Access("tenant.read_billing")
  @Column("date", { name: "contract_end", nullable: true })
  @Field(() => GraphQLLocalDate, { nullable: true, description: "Last day of the contract." })
  contractEnd: string | null;

  @Access("tenant.read_billing")
  @Column("text", { name: "sales_owner", nullable: true })
  @Field(() => String, { nullable: true, description: "Who looks after this customer in sales." })
  salesOwner: string | null;

  /** Not for clients of a router: another system's id is what the identity provider's subgraph joins on, and nothing to build on. */
  @Access("tenant.read_billing")
  @Directive("@inaccessible")
  @Column("text", { name: "keycloak_org_id", nullable: true })
  @Field(() => String, { nullable: true, description: "Id of the tenant's organisation in Keycloak; a mapping, the two ids differ. For other subgraphs, not for clients." })
  keycloakOrganizationId: string | null;

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
