/** Owns what is answered when API keys are created, rotated and revoked. Only here can a key's plaintext be told, and only once. */
import { Field, ObjectType } from "type-graphql";
import { ApiKey } from "./api-key.entity.js";

const SHOWN_ONCE =
  "It is shown once and can never be read again: null when the request repeats an earlier one under its idempotency key. Whoever lost it rotates the key with `overlapSeconds: 0`.";

@ObjectType({ description: "The new API key.", simpleResolvers: true })
export class CreateApiKeyPayload {
  @Field(() => ApiKey)
  apiKey: ApiKey;

  @Field(() => String, { nullable: true, description: `The key itself, to be given to whatever is to use it. ${SHOWN_ONCE}` })
  plaintext: string | null;
}

@ObjectType({ description: "An API key and the one whose place it takes.", simpleResolvers: true })
export class RotateApiKeyPayload {
  @Field(() => ApiKey, { description: "The new one." })
  apiKey: ApiKey;

  @Field(() => ApiKey, { description: "The one that was rotated; it works until its `overlapEndsAt`." })
  replaced: ApiKey;

  @Field(() => String, { nullable: true, description: `The new key itself. ${SHOWN_ONCE}` })
  plaintext: string | null;
}

@ObjectType({ description: "The API key, now revoked.", simpleResolvers: true })
export class RevokeApiKeyPayload {
  @Field(() => ApiKey)
  apiKey: ApiKey;
}
