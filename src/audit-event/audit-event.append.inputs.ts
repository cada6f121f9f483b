/** Owns what products may append to the audit log, and what they are answered. What it must be like is `audit-event.append.rules.ts`. */
import { ArrayMaxSize, ArrayNotEmpty } from "class-validator";
import { GraphQLDateTime, GraphQLJSONObject } from "graphql-scalars";
import { Directive, Field, ID, InputType, ObjectType } from "type-graphql";
import { LIMITS, MAX_AGE_DAYS, MAX_AHEAD_MINUTES, MAX_APPENDED, MAX_FIELDS, MAX_FIELD_NAME } from "./audit-event.append.limits.js";
import { AuditCrud } from "./audit-event.entity.js";

const FIELDS = `up to ${MAX_FIELDS} texts, each under a name of up to ${MAX_FIELD_NAME} characters and up to ${LIMITS.fieldText} characters long`;

@InputType({ description: "Who did what a product appends." })
export class AuditActorInput {
  @Field(() => String, { description: "The person's subject, `key:` and the id of an API key, or whatever else the product knows the actor by." })
  id: string;

  @Field(() => String, { nullable: true, description: "Display name." })
  name?: string | null;

  @Field(() => String, { nullable: true, description: "Kind of actor, for instance `user`, `api_key` or `service`." })
  type?: string | null;

  @Field(() => String, { nullable: true, description: "Address of a page about the actor." })
  href?: string | null;

  @Field(() => GraphQLJSONObject, { nullable: true, description: `What else is to be known of the actor: ${FIELDS}.` })
  fields?: Record<string, unknown> | null;
}

@InputType({ description: "What it was done to." })
export class AuditTargetInput {
  @Field(() => String, { nullable: true, description: "Id of it." })
  id?: string | null;

  @Field(() => String, { nullable: true, description: "Display name." })
  name?: string | null;

  @Field(() => String, { nullable: true, description: "Kind of it, for instance `invoice`." })
  type?: string | null;

  @Field(() => String, { nullable: true, description: "Address of a page about it." })
  href?: string | null;

  @Field(() => GraphQLJSONObject, { nullable: true, description: `What else is to be known of it: ${FIELDS}.` })
  fields?: Record<string, unknown> | null;
}

@InputType({ description: "Something that happened in a product. An empty text is refused: leave out what is not known." })
export class AuditEventInput {
  @Field(() => String, { description: `What was done, \`noun.verb\`, up to ${LIMITS.action} characters; not beginning with \`audit.\`, which is the registry's.` })
  action: string;

  @Field(() => AuditCrud, { description: "What it did to its target." })
  crud: AuditCrud;

  @Field(() => AuditActorInput, { nullable: true, description: "Who did it; required unless it is anonymous." })
  actor?: AuditActorInput | null;

  @Field(() => AuditTargetInput, { nullable: true, description: "What it was done to." })
  target?: AuditTargetInput | null;

  @Field(() => GraphQLDateTime, { nullable: true, description: `When it happened, at most ${MAX_AGE_DAYS} days ago and ${MAX_AHEAD_MINUTES} minutes ahead; now when omitted.` })
  created?: Date | null;

  @Field(() => String, { nullable: true, description: "Address of whoever did it, IPv4 or IPv6, as the product saw it." })
  sourceIp?: string | null;

  @Field(() => String, { nullable: true, description: "What the software of whoever did it called itself." })
  userAgent?: string | null;

  @Field(() => String, { nullable: true, description: `What happened, in a sentence for people, up to ${LIMITS.description} characters.` })
  description?: string | null;

  @Field(() => Boolean, { nullable: true, description: "Whether it was tried and did not succeed." })
  isFailure?: boolean | null;

  @Field(() => Boolean, { nullable: true, description: "Whether whoever did it is not known." })
  isAnonymous?: boolean | null;

  @Field(() => GraphQLJSONObject, { nullable: true, description: `What else is to be known of it: ${FIELDS}.` })
  fields?: Record<string, unknown> | null;

  @Field(() => GraphQLJSONObject, { nullable: true, description: `Details for machines: ${FIELDS}.` })
  metadata?: Record<string, unknown> | null;

  @Field(() => String, { nullable: true, description: "The part of the product that noticed it." })
  component?: string | null;

  @Field(() => String, { nullable: true, description: "Version of that part." })
  version?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "What the product calls this event; unique within product and tenant. Makes it safe to send again: the same under the same name is recorded once, " +
      "something else is a CONFLICT.",
  })
  externalId?: string | null;

  @Field(() => String, { nullable: true, description: "Id of the product's request in which it happened; that of this request when omitted." })
  requestId?: string | null;

  @Field(() => ID, { nullable: true, description: "The tenant's project that it is about." })
  projectId?: string | null;
}

@InputType({ description: "Events of one tenant. All of them are recorded, or none." })
export class AppendAuditEventsInput {
  @Field(() => ID, { description: "The tenant in which they happened." })
  tenantId: string;

  @Field(() => [AuditEventInput], { description: `1 to ${MAX_APPENDED} events.` })
  @ArrayMaxSize(MAX_APPENDED, { message: `events must be at most ${MAX_APPENDED}` })
  @ArrayNotEmpty({ message: "events must not be empty" })
  events: AuditEventInput[];
}

@ObjectType({ description: "An event that is in the audit log now.", simpleResolvers: true })
export class AppendedAuditEvent {
  @Field(() => ID, { description: "Id of the `AuditEvent`." })
  id: string;

  @Field(() => String, { description: "SHA-256, in hexadecimal digits, of what was sent and the id, in the form in which Retraced's clients compute it: with it a producer sees that what arrived is what it sent." })
  hash: string;

  @Field(() => Boolean, { description: "Whether it had been recorded before under its `externalId`; then this is that event." })
  repeated: boolean;
}

@ObjectType({ description: "What was recorded.", simpleResolvers: true })
export class AppendAuditEventsPayload {
  @Directive(`@listSize(assumedSize: ${MAX_APPENDED})`)
  @Field(() => [AppendedAuditEvent], { description: "One for each event that was sent, in that order." })
  events: AppendedAuditEvent[];
}
