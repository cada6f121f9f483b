/** Owns what may be asked of a tenant's lifecycle: inputs that validate themselves, and the payloads of the steps. */
import { GraphQLDateTime } from "graphql-scalars";
import { IsInt, IsOptional, Length, Max, Min, NotEquals } from "class-validator";
import { Field, ID, InputType, Int, ObjectType } from "type-graphql";
import { IdempotencyKey } from "../kernel/validation.js";
import { MAX_CANCEL_NOTE, Tenant, TenantCancelReason } from "./tenant.entity.js";
import { MAX_TRIAL_DAYS } from "./tenant.rules.js";

@InputType()
export abstract class TenantStepInput {
  @Field(() => ID)
  id: string;

  @Field(() => Int, { nullable: true, description: "Take the step only if the tenant still has this `version`; else CONFLICT." })
  expectedVersion?: number | null;

  @IdempotencyKey()
  idempotencyKey?: string | null;
}

@InputType({ description: "A trial that has become a customer." })
export class ActivateTenantInput extends TenantStepInput {}

@InputType({ description: "A frozen tenant that comes back." })
export class ReactivateTenantInput extends TenantStepInput {}

@InputType({ description: "A frozen or demo tenant that is to be gone." })
export class ArchiveTenantInput extends TenantStepInput {}

@InputType({ description: "A tenant that is to be frozen, and why." })
export class CancelTenantInput extends TenantStepInput {
  @Field(() => TenantCancelReason, { description: "Any but TRIAL_ENDED, which the end of a trial says by itself." })
  @NotEquals(TenantCancelReason.TRIAL_ENDED, { message: "reason TRIAL_ENDED is said by the end of a trial itself" })
  reason: TenantCancelReason;

  @Field(() => String, { nullable: true, description: `What operators should know of it, 1 to ${MAX_CANCEL_NOTE} characters; needed with OTHER. Nobody in the tenant sees it.` })
  @IsOptional()
  @Length(1, MAX_CANCEL_NOTE, { message: `note must be 1 to ${MAX_CANCEL_NOTE} characters` })
  note?: string | null;
}

@InputType({ description: "A trial that is to end later: give `days` or `until`." })
export class ExtendTrialInput extends TenantStepInput {
  @Field(() => Int, { nullable: true, description: `Days to add to the present end, or to this moment when the trial has none. It ends at most ${MAX_TRIAL_DAYS} days from now.` })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_TRIAL_DAYS)
  days?: number | null;

  @Field(() => GraphQLDateTime, { nullable: true, description: `The new end, later than the present one, at most ${MAX_TRIAL_DAYS} days from now.` })
  until?: Date | null;
}

@ObjectType({ description: "The tenant, now active.", simpleResolvers: true })
export class ActivateTenantPayload {
  @Field(() => Tenant)
  tenant: Tenant;
}

@ObjectType({ description: "The tenant, now frozen.", simpleResolvers: true })
export class CancelTenantPayload {
  @Field(() => Tenant)
  tenant: Tenant;
}

@ObjectType({ description: "The tenant, active again.", simpleResolvers: true })
export class ReactivateTenantPayload {
  @Field(() => Tenant)
  tenant: Tenant;
}

@ObjectType({ description: "What is left of the tenant.", simpleResolvers: true })
export class ArchiveTenantPayload {
  @Field(() => Tenant)
  tenant: Tenant;
}

@ObjectType({ description: "The tenant with its new end of the trial.", simpleResolvers: true })
export class ExtendTrialPayload {
  @Field(() => Tenant)
  tenant: Tenant;
}
