/** Owns what may be asked of keys that another service made, and what is answered when they are brought here. */
import { ArrayMaxSize, ArrayNotEmpty, Matches, MinDate } from "class-validator";
import { GraphQLDateTime } from "graphql-scalars";
import { Directive, Field, ID, InputType, ObjectType } from "type-graphql";
import { IdempotencyKey, Label, Named, NotNull, Reference } from "../kernel/validation.js";
import { ApiKey, ApiKeyEnvironment } from "./api-key.entity.js";
import { MAX_SCOPES, USUAL_LIFETIME_DAYS } from "./api-key.rules.js";

export const MAX_IMPORTED = 100;

/** Keys that begin as ours do are looked for in another way, in which this one would never be found. */
const FOREIGN_PREFIX = /^(?!trk_)[!-~]{8}$/;

/** Older than any service that could have made one. Of years before the first one Postgres and JavaScript write different numbers. */
const EARLIEST = new Date(0);

@InputType({ description: "An API key that another service made. The key itself is not told, only its hash." })
export class ImportedApiKeyInput {
  @Field(() => String, { description: "Name for people, 1 to 200 characters, that no other key of the tenant has which is neither revoked nor rotated." })
  @Named()
  name: string;

  @Field(() => String, { description: "Key of the one product that it is for." })
  @Label()
  product: string;

  @Field(() => [String], { description: `What it may do: up to ${MAX_SCOPES} of the product's scopes, or nothing in particular.` })
  @ArrayMaxSize(MAX_SCOPES, { message: `$property must be at most ${MAX_SCOPES}` })
  scopes: string[];

  @Field(() => String, {
    description: "What argon2id made of the whole key: `$argon2id$v=19$m=…,t=…,p=…$salt$hash`, at most 64 MiB of memory, 256 MiB times passes, and 16 lanes. No other kind of hash is taken.",
  })
  hash: string;

  @Field(() => String, { description: "The first 8 characters of the key: visible ASCII, not beginning with `trk_`. By them it is found; at most 8 keys of the whole registry can have the same." })
  @Matches(FOREIGN_PREFIX, { message: "$property must be the first 8 characters of the key, in visible ASCII, and not begin with trk_" })
  prefix: string;

  @Field(() => ApiKeyEnvironment, { nullable: true, description: "Where it works; everywhere when omitted, and then it cannot be rotated." })
  environment?: ApiKeyEnvironment | null;

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: `When it ends: ${USUAL_LIFETIME_DAYS} days from now when omitted, or sooner if the tenant's policy says so; never for null, if the policy allows that.`,
  })
  expiresAt?: Date | null;

  @Field(() => GraphQLDateTime, { nullable: true, description: "When it was made, 1970 at the earliest; now when omitted." })
  @NotNull()
  @MinDate(EARLIEST, { message: "$property must not be before 1970" })
  createdAt?: Date;

  @Field(() => String, { nullable: true, description: "Who made it: subject of the person's tokens." })
  @Reference()
  createdById?: string | null;
}

@InputType({ description: "API keys of one tenant that another service made. All of them are taken, or none." })
export class ImportApiKeysInput {
  @Field(() => ID, { description: "The tenant whose keys they are." })
  tenantId: string;

  @Field(() => [ImportedApiKeyInput], { description: `1 to ${MAX_IMPORTED} keys. What is wrong with one is told with its place, as in \`keys[3].hash\`.` })
  @ArrayNotEmpty({ message: "$property must not be empty" })
  @ArrayMaxSize(MAX_IMPORTED, { message: `$property must be at most ${MAX_IMPORTED}` })
  keys: ImportedApiKeyInput[];

  @IdempotencyKey()
  idempotencyKey?: string | null;
}

@ObjectType({ description: "The keys that were brought here.", simpleResolvers: true })
export class ImportApiKeysPayload {
  @Directive(`@listSize(assumedSize: ${MAX_IMPORTED})`)
  @Field(() => [ApiKey], { description: "In the order in which they were given." })
  apiKeys: ApiKey[];
}
