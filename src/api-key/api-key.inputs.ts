/** Owns what may be asked of API keys. */
import { GraphQLDateTime } from "graphql-scalars";
import { IsIn, IsOptional, Length, Max, Min } from "class-validator";
import { Field, ID, InputType, Int } from "type-graphql";
import { IdempotencyKey, Label, Named } from "../kernel/validation.js";
import { ApiKeyEnvironment, ApiKeyOwnerKind, ApiKeyRevokeReason } from "./api-key.entity.js";
import { MAX_ALLOWED_IPS, MAX_OVERLAP_SECONDS, MAX_SCOPES, USUAL_LIFETIME_DAYS } from "./api-key.rules.js";
import { ApiKeyState } from "./api-key.state.js";

@InputType({ description: "Every condition that is given must hold." })
export class ApiKeyFilter {
  @Field(() => Boolean, { nullable: true, description: "True for keys whose `state` is REVOKED only, false for the others only." })
  revoked?: boolean | null;

  @Field(() => ApiKeyState, { nullable: true, description: "Keys that stand so at this moment." })
  state?: ApiKeyState | null;

  @Field(() => String, { nullable: true, description: "Keys of this product; keys for all products are not among them." })
  @IsOptional()
  @Label()
  product?: string | null;

  @Field(() => ApiKeyEnvironment, { nullable: true, description: "Keys for this environment; keys for all of them are not among them." })
  environment?: ApiKeyEnvironment | null;

  @Field(() => ID, { nullable: true, description: "Keys of the project with this id; keys for all projects are not among them." })
  projectId?: string | null;

  @Field(() => String, { nullable: true, description: "Keys that the person with this id made." })
  @IsOptional()
  @Length(1, 255)
  createdById?: string | null;

  @Field(() => GraphQLDateTime, { nullable: true, description: "Keys that end by themselves before this time, or have." })
  expiresBefore?: Date | null;

  @Field(() => String, { nullable: true, description: "Keys that are shown with this `prefix`." })
  @IsOptional()
  @Length(1, 64)
  prefix?: string | null;

  @Field(() => String, { nullable: true, description: "Keys with this `lookupId`: one, unless it was imported." })
  @IsOptional()
  @Length(1, 65)
  lookupId?: string | null;
}

@InputType({ description: "A new API key: what it is for, what it may do, from where, and until when." })
export class CreateApiKeyInput {
  @Field(() => ID, { nullable: true, description: "The tenant to create it in; the caller's own when omitted." })
  tenantId?: string | null;

  @Field(() => String, { description: "Name for people, 1 to 200 characters, that no other key of the tenant has which is neither revoked nor rotated." })
  @Named()
  name: string;

  @Field(() => String, { description: "Key of the one product that it is for, which the tenant must have." })
  @Label()
  product: string;

  @Field(() => ApiKeyEnvironment, { description: "The one environment in which it works." })
  environment: ApiKeyEnvironment;

  @Field(() => [String], { description: `What it may do: 1 to ${MAX_SCOPES} of the product's scopes, letter for letter.` })
  scopes: string[];

  @Field(() => ID, { nullable: true, description: "The one project in which it works, when the product keeps projects apart; every project when omitted." })
  projectId?: string | null;

  @Field(() => [String], {
    defaultValue: [],
    description: `At most ${MAX_ALLOWED_IPS} IPv4 or IPv6 addresses, or blocks of them such as 10.0.0.0/8, from which it may be used; from anywhere when there are none.`,
  })
  allowedIps: string[];

  @Field(() => ApiKeyOwnerKind, { defaultValue: ApiKeyOwnerKind.TENANT, description: "Whether it stands for the tenant, or for the caller." })
  ownerKind: ApiKeyOwnerKind;

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: `When it ends, as far as the tenant's policy allows; in ${USUAL_LIFETIME_DAYS} days, or as late as the policy allows, when omitted. Null is never, which a policy must allow.`,
  })
  expiresAt?: Date | null;

  @IdempotencyKey()
  idempotencyKey?: string | null;
}

@InputType({ description: "Which API key gets a successor, and how long both work." })
export class RotateApiKeyInput {
  @Field(() => ID)
  id: string;

  @Field(() => Int, { description: `How long it still works beside its successor: 0, when it has leaked, to ${MAX_OVERLAP_SECONDS} seconds, which is 30 days.` })
  @Min(0)
  @Max(MAX_OVERLAP_SECONDS)
  overlapSeconds: number;

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: "When the successor ends; when omitted, after as long as the key itself was made for, as far as the tenant's policy allows. Null is never, which a policy must allow.",
  })
  expiresAt?: Date | null;

  @IdempotencyKey()
  idempotencyKey?: string | null;
}

@InputType({ description: "Which API key is revoked, and why." })
export class RevokeApiKeyInput {
  @Field(() => ID)
  id: string;

  @Field(() => ApiKeyRevokeReason, { defaultValue: ApiKeyRevokeReason.REQUESTED, description: "REQUESTED or LEAKED; a key is ROTATED by `rotateApiKey`." })
  @IsIn([ApiKeyRevokeReason.REQUESTED, ApiKeyRevokeReason.LEAKED], { message: "reason must be REQUESTED or LEAKED" })
  reason: ApiKeyRevokeReason;
}
