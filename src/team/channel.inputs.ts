/** Owns what may be asked of channels: inputs that validate themselves, and the payloads of their mutations. */
import { GraphQLJSONObject } from "graphql-scalars";
import { Field, ID, InputType, Int, ObjectType } from "type-graphql";
import { IdempotencyKey, Label, NotNull } from "../kernel/validation.js";
import { Channel } from "./channel.entity.js";
import { CHANNELS_AT_MOST, CHANNELS_EVER } from "./team.rules.js";

@InputType({ description: `A new channel. A team can have ${CHANNELS_AT_MOST} in use, and ${CHANNELS_EVER} with the archived ones.` })
export class CreateChannelInput {
  @Field(() => ID, { description: "The team to create it in." })
  teamId: string;

  @Field(() => String, { description: "1 to 40 lower-case letters, digits and inner hyphens, unique in the team; can never be changed. That of an archived one brings it back." })
  slug: string;

  @Field(() => String, { description: "Key of the provider." })
  @Label()
  provider: string;

  @Field(() => GraphQLJSONObject, { nullable: true, description: "What the provider has to know, by its own rules; {} when omitted. No secrets." })
  @NotNull()
  config?: Record<string, unknown>;

  @IdempotencyKey()
  idempotencyKey?: string | null;
}

@InputType({ description: "What to change of a channel. What is omitted stays." })
export class UpdateChannelInput {
  @Field(() => ID)
  id: string;

  @Field(() => Int, { nullable: true, description: "Change only if the channel still has this `version`; else CONFLICT." })
  expectedVersion?: number | null;

  @Field(() => String, { nullable: true, description: "Key of another provider; `config` must then be one of its." })
  @Label({ optional: true })
  provider?: string;

  @Field(() => GraphQLJSONObject, { nullable: true, description: "Replaces what the provider has to know as a whole." })
  @NotNull()
  config?: Record<string, unknown>;

  @Field(() => Boolean, { nullable: true, description: "True puts it away, false brings it back." })
  @NotNull()
  archived?: boolean;
}

@ObjectType({ description: "The new channel, or the one that was brought back.", simpleResolvers: true })
export class CreateChannelPayload {
  @Field(() => Channel)
  channel: Channel;
}

@ObjectType({ description: "The channel after the change.", simpleResolvers: true })
export class UpdateChannelPayload {
  @Field(() => Channel)
  channel: Channel;
}
