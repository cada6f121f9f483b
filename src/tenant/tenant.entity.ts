/** Owns what a tenant is: its row and its GraphQL type. */
import { GraphQLDateTime, GraphQLLocalDate } from "graphql-scalars";
import { Directive, Field, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import { Check, Column, CreateDateColumn, Entity, Index, PrimaryGeneratedColumn, Unique, UpdateDateColumn, VersionColumn } from "typeorm";
import { Access } from "../kernel/access.js";
import type { Settings } from "../settings/settings.js";

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

/** Why a tenant is frozen. */
export enum TenantCancelReason {
  CUSTOMER_REQUEST = "customer_request",
  NON_PAYMENT = "non_payment",
  TRIAL_ENDED = "trial_ended",
  OTHER = "other",
}

export const MAX_CANCEL_NOTE = 500;

registerEnumType(TenantStatus, {
  name: "TenantStatus",
  description: "Where a tenant stands in its life.",
  valuesConfig: {
    DEMO: { description: "The shared demo tenant: reset nightly, never billed." },
    TRIAL: { description: "A customer in its evaluation window." },
    ACTIVE: { description: "A paying customer." },
    FROZEN: { description: "Read-only for 30 days after a cancellation, non-payment or the end of its trial." },
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

registerEnumType(TenantCancelReason, {
  name: "TenantCancelReason",
  description: "Why a tenant was frozen.",
  valuesConfig: {
    CUSTOMER_REQUEST: { description: "The customer asked for it." },
    NON_PAYMENT: { description: "It did not pay." },
    TRIAL_ENDED: { description: "Its trial ended, and it had not bought anything." },
    OTHER: { description: "Something else; operators find it in `cancelNote`." },
  },
});

@Entity("tenants")
@Check("tenants_slug_check", "slug ~ '^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$'")
@Check("tenants_frozen_at_check", "CASE status WHEN 'frozen' THEN frozen_at IS NOT NULL WHEN 'archived' THEN TRUE ELSE frozen_at IS NULL END")
@Check("tenants_archived_at_check", "(status = 'archived') = (archived_at IS NOT NULL)")
@Check("tenants_cancel_note_check", `char_length(cancel_note) <= ${MAX_CANCEL_NOTE}`)
@Check("tenants_settings_check", "jsonb_typeof(settings) = 'object'")
@Unique("tenants_slug_key", ["slug"])
@Unique("tenants_erp_customer_id_key", ["erpCustomerId"])
@Unique("tenants_stripe_cust_id_key", ["stripeCustomerId"])
@Unique("tenants_keycloak_org_id_key", ["keycloakOrganizationId"])
@Index("tenants_status_idx", ["status"])
@Index("tenants_kind_idx", ["kind"])
@Index("tenants_trial_ends_idx", ["trialEndsAt"], { where: "trial_ends_at IS NOT NULL" })
@Index("tenants_trials_idx", ["trialEndsAt"], { where: "status = 'trial'" })
@Index("tenants_frozen_idx", ["frozenAt"], { where: "status = 'frozen'" })
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

  /** As it is stored. A deadline may have moved the tenant on since: ask `statusAt`, as the graph does. */
  @Column("enum", { name: "status", enum: TenantStatus, enumName: "tenant_status", default: TenantStatus.TRIAL })
  @Field(() => TenantStatus, { description: "Where it stands at this moment: every deadline is compared when it is read." })
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

  @Column("timestamptz", { name: "frozen_at", nullable: true })
  @Field(() => GraphQLDateTime, { nullable: true, description: "Since when it is frozen, or was until it was archived; null when it is not." })
  frozenAt: Date | null;

  @Column("timestamptz", { name: "archived_at", nullable: true })
  @Field(() => GraphQLDateTime, { nullable: true, description: "Since when it is archived; null when it is not." })
  archivedAt: Date | null;

  @Column("enum", { name: "cancel_reason", enum: TenantCancelReason, enumName: "tenant_cancel_reason", nullable: true })
  @Field(() => TenantCancelReason, { nullable: true, description: "Why it is frozen, or was until it was archived; null when it is not, or nobody said." })
  cancelReason: TenantCancelReason | null;

  @Access("tenant.read_billing")
  @Column("text", { name: "cancel_note", nullable: true })
  @Field(() => String, { nullable: true, description: "What whoever cancelled it wrote down about it; gone once it is archived." })
  cancelNote: string | null;

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

  /** What it says for itself; its field is the resolver's, for a selection shows a part of it. */
  @Column("jsonb", { name: "settings", default: {} })
  settings: Settings;

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
