/** Owns what may be asked about a leaked key: the mutation's input and its payload. */
import { IsOptional, MaxLength } from "class-validator";
import { Field, InputType, ObjectType } from "type-graphql";
import { MAX_PLACE } from "./api-key-leak.desk.js";

@InputType({ description: "An API key that was found where it should not be." })
export class ReportLeakedApiKeyInput {
  @Field(() => String, { description: "The whole key: with less nobody can revoke it. Send it as a variable; nothing of it is kept but its `lookupId`." })
  key: string;

  @Field(() => String, { nullable: true, description: `Where it was found, for instance an address; at most ${MAX_PLACE} characters. The event keeps it, without keys that are in it.` })
  @IsOptional()
  @MaxLength(MAX_PLACE)
  foundAt?: string | null;
}

@ObjectType({ description: "What became of the key.", simpleResolvers: true })
export class ReportLeakedApiKeyPayload {
  @Field(() => Boolean, { description: "True when it is revoked by this report; false when it had been revoked before." })
  revoked: boolean;
}
