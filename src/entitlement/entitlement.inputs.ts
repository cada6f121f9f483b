/** Owns what may be asked of entitlements: inputs that validate themselves, and the payloads of their mutations. */
import { GraphQLDateTime, GraphQLJSONObject } from "graphql-scalars";
import { ArrayMaxSize, ArrayNotEmpty } from "class-validator";
import { Field, ID, InputType, Int, ObjectType } from "type-graphql";
import { IdempotencyKey, Label, NotNull } from "../kernel/validation.js";
import { Entitlement } from "./entitlement.entity.js";
import { MAX_CONFIG_BYTES } from "./entitlement.rules.js";

/** Tenants and products of one request; every one is checked with every other. */
export const MAX_CHECKED = 100;

const EXPECTED_VERSION = "Change only if the entitlement still has this `version`; else CONFLICT.";

@InputType({ description: "Which product a tenant gets, how it is set, and until when." })
export class GrantEntitlementInput {
  @Field(() => ID, { description: "The tenant that gets it." })
  tenantId: string;

  @Field(() => String, { description: "Key of the product." })
  @Label()
  product: string;

  @Field(() => GraphQLJSONObject, { nullable: true, description: `The product's settings for this tenant, at most ${MAX_CONFIG_BYTES} bytes; {} when omitted.` })
  @NotNull()
  config?: Record<string, unknown>;

  @Field(() => GraphQLDateTime, { nullable: true, description: "When it ends; never by itself when omitted." })
  expiresAt?: Date | null;

  @IdempotencyKey()
  idempotencyKey?: string | null;
}

@InputType({ description: "What to change of an entitlement. What is omitted stays." })
export class UpdateEntitlementInput {
  @Field(() => ID, { description: "The tenant that has it." })
  tenantId: string;

  @Field(() => String, { description: "Key of the product." })
  @Label()
  product: string;

  @Field(() => Int, { nullable: true, description: EXPECTED_VERSION })
  expectedVersion?: number | null;

  @Field(() => GraphQLJSONObject, { nullable: true, description: "Replaces the settings as a whole." })
  @NotNull()
  config?: Record<string, unknown>;

  @Field(() => GraphQLDateTime, { nullable: true, description: "A new end; null for none." })
  expiresAt?: Date | null;
}

@InputType({ description: "Which product is taken back from a tenant." })
export class WithdrawEntitlementInput {
  @Field(() => ID, { description: "The tenant that has it." })
  tenantId: string;

  @Field(() => String, { description: "Key of the product." })
  @Label()
  product: string;

  @Field(() => Int, { nullable: true, description: EXPECTED_VERSION })
  expectedVersion?: number | null;
}

@InputType({ description: "Which product's trial is started." })
export class StartTrialInput {
  @Field(() => ID, { nullable: true, description: "The tenant that tries it; the caller's own when omitted." })
  tenantId?: string | null;

  @Field(() => String, { description: "Key of the product." })
  @Label()
  product: string;

  @IdempotencyKey()
  idempotencyKey?: string | null;
}

@InputType({ description: "Which products are checked in which tenants: every one in every other." })
export class CheckEntitlementsInput {
  @Field(() => [ID], { description: `Ids of at most ${MAX_CHECKED} tenants.` })
  @ArrayNotEmpty({ message: "$property must not be empty" })
  @ArrayMaxSize(MAX_CHECKED, { message: `$property must be at most ${MAX_CHECKED}` })
  tenantIds: string[];

  @Field(() => [String], { description: `Keys of at most ${MAX_CHECKED} products.` })
  @ArrayNotEmpty({ message: "$property must not be empty" })
  @ArrayMaxSize(MAX_CHECKED, { message: `$property must be at most ${MAX_CHECKED}` })
  products: string[];
}

@ObjectType({ description: "What the tenant now has of the product.", simpleResolvers: true })
export class GrantEntitlementPayload {
  @Field(() => Entitlement)
  entitlement: Entitlement;
}

@ObjectType({ description: "The entitlement after the change.", simpleResolvers: true })
export class UpdateEntitlementPayload {
  @Field(() => Entitlement)
  entitlement: Entitlement;
}

@ObjectType({ description: "The entitlement, now withdrawn.", simpleResolvers: true })
export class WithdrawEntitlementPayload {
  @Field(() => Entitlement)
  entitlement: Entitlement;
}

@ObjectType({ description: "The trial that has begun.", simpleResolvers: true })
export class StartTrialPayload {
  @Field(() => Entitlement)
  entitlement: Entitlement;
}
