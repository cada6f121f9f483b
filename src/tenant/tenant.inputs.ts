/** Owns what may be asked of tenants: inputs that validate themselves, and the payloads of their mutations. */
import { GraphQLDateTime, GraphQLLocalDate } from "graphql-scalars";
import { ArrayMaxSize, IsInt, IsOptional, Length, Matches, Max, MaxLength, Min } from "class-validator";
import { Field, ID, InputType, Int, ObjectType, registerEnumType } from "type-graphql";
import { AccessToSet } from "../kernel/access.js";
import { IdempotencyKey, Label, Named, NotNull, Reference } from "../kernel/validation.js";
import { SettingsInput } from "../settings/settings.js";
import { Tenant, TenantKind, TenantStatus } from "./tenant.entity.js";
import { DEFAULT_TRIAL_DAYS, MAX_TRIAL_DAYS, TENANT_SLUG } from "./tenant.rules.js";

@InputType({ description: "A new customer." })
export class CreateTenantInput {
  @Field(() => String, { description: "3 to 40 lower-case letters, digits and inner hyphens; can never be changed." })
  @Matches(TENANT_SLUG, { message: "slug must be 3 to 40 lower-case letters, digits and inner hyphens" })
  slug: string;

  @Field(() => String, { description: "Name for people, 1 to 200 characters." })
  @Named()
  name: string;

  @Field(() => TenantKind, { defaultValue: TenantKind.CUSTOMER })
  kind: TenantKind;

  @Field(() => TenantStatus, { nullable: true, description: "TRIAL (when omitted) or ACTIVE for a customer, DEMO for a demo tenant." })
  status?: TenantStatus | null;

  @Field(() => Int, { nullable: true, description: `Length of the trial in days, 1 to ${MAX_TRIAL_DAYS}; ${DEFAULT_TRIAL_DAYS} when omitted.` })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_TRIAL_DAYS)
  trialDays?: number | null;

  @Field(() => String, { defaultValue: "starter", description: "Key of the plan." })
  @Label()
  plan: string;

  @Field(() => String, { nullable: true, description: "The customer's number in the ERP system, unique." })
  @Reference()
  erpCustomerId?: string | null;

  @Field(() => String, { nullable: true, description: "The customer's id at Stripe, unique." })
  @Reference()
  stripeCustomerId?: string | null;

  @Field(() => GraphQLLocalDate, { nullable: true, description: "First day of the contract." })
  contractStart?: string | null;

  @Field(() => GraphQLLocalDate, { nullable: true, description: "Last day of the contract." })
  contractEnd?: string | null;

  @Field(() => String, { nullable: true, description: "Who looks after this customer in sales." })
  @Reference()
  salesOwner?: string | null;

  @Field(() => String, { nullable: true, description: "Mail address of the tenant's first administrator, who is invited; with `adminName`, and not for a demo tenant." })
  @IsOptional()
  @MaxLength(254)
  adminEmail?: string | null;

  @Field(() => String, { nullable: true, description: "Name of the tenant's first administrator, 1 to 200 characters." })
  @Reference()
  adminName?: string | null;

  @IdempotencyKey()
  idempotencyKey?: string | null;
}

@InputType({ description: "What to change of a tenant. What is omitted stays; null clears what can be empty." })
export class UpdateTenantInput {
  @Field(() => ID)
  id: string;

  @Field(() => Int, { nullable: true, description: "Change only if the tenant still has this `version`; else CONFLICT." })
  expectedVersion?: number | null;

  @Field(() => String, { nullable: true, description: "Name for people, 1 to 200 characters." })
  @Named({ optional: true })
  name?: string;

  @Field(() => SettingsInput, { nullable: true, description: "What the tenant says for itself. Its environments and teams inherit it." })
  @NotNull()
  settings?: SettingsInput;

  @AccessToSet("tenant.update_commercial")
  @Field(() => String, { nullable: true, description: "Key of the plan. Platform operators only, like everything below." })
  @Label({ optional: true })
  plan?: string;

  @AccessToSet("tenant.update_commercial")
  @Field(() => String, { nullable: true, description: "The customer's number in the ERP system, unique." })
  @Reference()
  erpCustomerId?: string | null;

  @AccessToSet("tenant.update_commercial")
  @Field(() => String, { nullable: true, description: "The customer's id at Stripe, unique." })
  @Reference()
  stripeCustomerId?: string | null;

  @AccessToSet("tenant.update_commercial")
  @Field(() => GraphQLLocalDate, { nullable: true, description: "First day of the contract." })
  contractStart?: string | null;

  @AccessToSet("tenant.update_commercial")
  @Field(() => GraphQLLocalDate, { nullable: true, description: "Last day of the contract." })
  contractEnd?: string | null;

  @AccessToSet("tenant.update_commercial")
  @Field(() => String, { nullable: true, description: "Who looks after this customer in sales." })
  @Reference()
  salesOwner?: string | null;

  @AccessToSet("tenant.update_commercial")
  @Field(() => String, { nullable: true, description: "Id of the organisation in Keycloak whose members act in this tenant." })
  @Reference()
  keycloakOrganizationId?: string | null;
}

@ObjectType({ description: "The new tenant.", simpleResolvers: true })
export class CreateTenantPayload {
  @Field(() => Tenant)
  tenant: Tenant;

  @Field(() => String, { nullable: true, description: "Where an invited administrator signs in. In development only; elsewhere, and without `adminEmail`, null." })
  inviteUrl: string | null;
}

@ObjectType({ description: "The tenant after the change.", simpleResolvers: true })
export class UpdateTenantPayload {
  @Field(() => Tenant)
  tenant: Tenant;
}

export enum TenantOrderField {
  CREATED_AT = "created_at",
  NAME = "name",
  SLUG = "slug",
  TRIAL_ENDS_AT = "trial_ends_at",
}
registerEnumType(TenantOrderField, {
  name: "TenantOrderField",
  description: "What a list of tenants is ordered by.",
  valuesConfig: { TRIAL_ENDS_AT: { description: "A tenant without a trial counts as one that never ends." } },
});

@InputType({ description: "How a list of tenants is ordered." })
export class TenantOrder {
  @Field(() => TenantOrderField)
  field: TenantOrderField;

  @Field(() => Boolean, { defaultValue: false, description: "The largest or latest first." })
  descending: boolean;
}

@InputType({ description: "Every condition that is given must hold." })
export class TenantFilter {
  @Field(() => [TenantStatus], { nullable: true, description: "It stands in one of these states at this moment." })
  @IsOptional()
  @ArrayMaxSize(5)
  status?: TenantStatus[] | null;

  @Field(() => TenantKind, { nullable: true })
  kind?: TenantKind | null;

  @Field(() => String, { nullable: true, description: "Key of the plan." })
  @IsOptional()
  @MaxLength(100)
  plan?: string | null;

  @Field(() => String, { nullable: true, description: "Text that the name or the slug contains, whatever the letter case." })
  @IsOptional()
  @Length(1, 100)
  nameContains?: string | null;

  @Field(() => GraphQLDateTime, { nullable: true, description: "The trial ends before this time." })
  trialEndsBefore?: Date | null;

  @Field(() => GraphQLDateTime, { nullable: true, description: "The trial ends after this time." })
  trialEndsAfter?: Date | null;

  @Field(() => String, { nullable: true, description: "The customer's whole number in the ERP system." })
  @IsOptional()
  @MaxLength(200)
  erpCustomerId?: string | null;

  @Field(() => String, { nullable: true, description: "The customer's whole id at Stripe." })
  @IsOptional()
  @MaxLength(200)
  stripeCustomerId?: string | null;
}
