/** Owns what may be asked of a tenant's policy for its API keys, and what is answered. */
import { Max, Min } from "class-validator";
import { Field, ID, InputType, Int, ObjectType } from "type-graphql";
import { AccessToSet } from "../kernel/access.js";
import { NotNull } from "../kernel/validation.js";

/** No policy lets a key live longer, unless it lets it live for ever. */
export const LONGEST_LIFETIME_DAYS = 365;

@ObjectType({ description: "How long a tenant's new API keys may live. Keys that are there already keep the life they were given.", simpleResolvers: true })
export class ApiKeyPolicy {
  @Field(() => Int, { description: "The longest life of a new key, in days." })
  maxLifetimeDays: number;

  @Field(() => Boolean, { description: "May a new key be made that never expires?" })
  mayNeverExpire: boolean;

  @Field(() => Int, { description: "Grows by one with every change, from 0 for what holds without one; give it back as `expectedVersion` to change only what you saw." })
  version: number;
}

@InputType({ description: "What to change of a tenant's policy for its API keys. What is omitted stays." })
export class UpdateApiKeyPolicyInput {
  @Field(() => ID, { nullable: true, description: "The tenant whose policy it is; the caller's own when omitted." })
  tenantId?: string | null;

  @Field(() => Int, { nullable: true, description: "Change only if the policy still has this `version`; else CONFLICT." })
  expectedVersion?: number | null;

  @Field(() => Int, { nullable: true, description: `The longest life of a new key: 1 to ${LONGEST_LIFETIME_DAYS} days.` })
  @NotNull()
  @Min(1)
  @Max(LONGEST_LIFETIME_DAYS)
  maxLifetimeDays?: number;

  @AccessToSet("api_key.allow_endless")
  @Field(() => Boolean, { nullable: true, description: "Let new keys be made that never expire. For platform operators." })
  @NotNull()
  mayNeverExpire?: boolean;
}

@ObjectType({ description: "The policy after the change.", simpleResolvers: true })
export class UpdateApiKeyPolicyPayload {
  @Field(() => ApiKeyPolicy)
  policy: ApiKeyPolicy;
}
