/** Owns what may be asked of how long a tenant's audit log is kept, of holding it, and of taking a person out of it; and what is answered. */
import { Length, Max, Min } from "class-validator";
import { GraphQLDateTime } from "graphql-scalars";
import { Field, ID, InputType, Int, ObjectType } from "type-graphql";
import { Access } from "../kernel/access.js";

/** Products may tell of events that are a week old: nothing is due when it arrives. */
export const SHORTEST_RETENTION_DAYS = 7;
export const LONGEST_RETENTION_DAYS = 3_650;
export const MAX_HOLD_REASON = 500;
/** As long as the subject of a token may be. */
export const MAX_PERSON = 255;

@ObjectType({ description: "For how long a tenant's audit events are kept, and whether they are held.", simpleResolvers: true })
export class AuditPolicy {
  @Field(() => Int, { description: "Days after which an event is deleted. What proves the events after it stays." })
  retentionDays: number;

  @Field(() => GraphQLDateTime, { nullable: true, description: "Since when a legal hold keeps every event, however old; null when none does." })
  heldAt: Date | null;

  @Access("tenant.read_billing")
  @Field(() => String, { nullable: true, description: "Why the events are held, for platform staff." })
  holdReason: string | null;

  @Field(() => Int, { description: "Grows by one with every change, from 0 for what holds without one; give it back as `expectedVersion` to change only what you saw." })
  version: number;
}

@InputType({ description: "For how long a tenant's audit events are to be kept." })
export class SetAuditRetentionInput {
  @Field(() => ID, { nullable: true, description: "The tenant whose events they are; the caller's own when omitted." })
  tenantId?: string | null;

  @Field(() => Int, { nullable: true, description: "Change only if the policy still has this `version`; else CONFLICT." })
  expectedVersion?: number | null;

  @Field(() => Int, { description: `Days after which an event is deleted: ${SHORTEST_RETENTION_DAYS} to ${LONGEST_RETENTION_DAYS}. While a legal hold is in place it waits for the hold's end.` })
  @Min(SHORTEST_RETENTION_DAYS)
  @Max(LONGEST_RETENTION_DAYS)
  retentionDays: number;
}

@InputType({ description: "A tenant whose audit events must not be deleted, and why." })
export class PlaceLegalHoldInput {
  @Field(() => ID, { description: "The tenant whose events are to be held." })
  tenantId: string;

  @Field(() => String, { description: `Why, 1 to ${MAX_HOLD_REASON} characters. Nobody in the tenant sees it.` })
  @Length(1, MAX_HOLD_REASON, { message: `reason must be 1 to ${MAX_HOLD_REASON} characters` })
  reason: string;
}

@InputType({ description: "A tenant whose audit events need not be held any longer." })
export class ReleaseLegalHoldInput {
  @Field(() => ID, { description: "The tenant whose events are held." })
  tenantId: string;
}

@InputType({ description: "A person who is to be taken out of a tenant's audit events." })
export class EraseAuditPersonInput {
  @Field(() => ID, { description: "The tenant whose events they are." })
  tenantId: string;

  @Field(() => String, { description: "The person's id, as it stands in `actorId` and `targetId` of the events: 1 to 255 characters." })
  @Length(1, MAX_PERSON, { message: `actorId must be 1 to ${MAX_PERSON} characters` })
  actorId: string;
}

@ObjectType({ description: "The policy after the change.", simpleResolvers: true })
export class SetAuditRetentionPayload {
  @Field(() => AuditPolicy)
  policy: AuditPolicy;
}

@ObjectType({ description: "The policy, now with the hold.", simpleResolvers: true })
export class PlaceLegalHoldPayload {
  @Field(() => AuditPolicy)
  policy: AuditPolicy;
}

@ObjectType({ description: "The policy, now without a hold.", simpleResolvers: true })
export class ReleaseLegalHoldPayload {
  @Field(() => AuditPolicy)
  policy: AuditPolicy;
}

@ObjectType({ description: "From how many events the person was taken.", simpleResolvers: true })
export class EraseAuditPersonPayload {
  @Field(() => Int, { description: "Events that this request changed." })
  events: number;

  @Field(() => Boolean, { description: "Is none left? When not, send the request again." })
  complete: boolean;
}
