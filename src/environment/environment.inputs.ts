/** Owns what may be asked of environments: inputs that validate themselves, and the payloads of their mutations. */
import { Length } from "class-validator";
import { Field, ID, InputType, Int, ObjectType } from "type-graphql";
import { AccessToSet } from "../kernel/access.js";
import { IdempotencyKey, Named, NotNull } from "../kernel/validation.js";
import { SettingsInput } from "../settings/settings.js";
import { Environment } from "./environment.entity.js";
import { ENVIRONMENTS_EVER, ENVIRONMENTS_AT_MOST } from "./environment.rules.js";

const EXPECTED = "Change only if the environment still has this `version`; else CONFLICT.";

@InputType({ description: `A new environment. A tenant can have ${ENVIRONMENTS_AT_MOST} in use, and ${ENVIRONMENTS_EVER} with the archived ones.` })
export class CreateEnvironmentInput {
  @Field(() => ID, { nullable: true, description: "The tenant to create it in; staff name one." })
  tenantId?: string | null;

  @Field(() => String, { description: "1 to 40 lower-case letters, digits and inner hyphens, unique in the tenant; can never be changed. That of an archived one brings it back." })
  @Length(1, 40, { message: "slug must be 1 to 40 characters" })
  slug: string;

  @Field(() => String, { description: "Name for people, 1 to 200 characters." })
  @Named()
  name: string;

  @Field(() => String, { nullable: true, description: "The cluster to place it on; when omitted, the first shared one of the platform's file, and for one that is brought back, where it was." })
  cluster?: string | null;

  @Field(() => SettingsInput, { nullable: true, description: "What it says for itself; everything else it inherits from its tenant." })
  settings?: SettingsInput | null;

  @IdempotencyKey()
  idempotencyKey?: string | null;
}

@InputType({ description: "What to change of an environment. What is omitted stays." })
export class UpdateEnvironmentInput {
  @Field(() => ID)
  id: string;

  @Field(() => Int, { nullable: true, description: EXPECTED })
  expectedVersion?: number | null;

  @Field(() => String, { nullable: true, description: "Name for people, 1 to 200 characters." })
  @Named({ optional: true })
  name?: string;

  @Field(() => SettingsInput, { nullable: true, description: "What it says for itself; everything else it inherits from its tenant." })
  @NotNull()
  settings?: SettingsInput;

  @AccessToSet("environment.create")
  @Field(() => Boolean, { nullable: true, description: "True puts it away: nobody is told where it is, and nothing acts in it. False brings it back. Platform operators only." })
  @NotNull()
  archived?: boolean;
}

@InputType({ description: "Where to place an environment." })
export class PlaceEnvironmentInput {
  @Field(() => ID)
  id: string;

  @Field(() => Int, { nullable: true, description: EXPECTED })
  expectedVersion?: number | null;

  @Field(() => String, { description: "The cluster to place it on." })
  cluster: string;
}

@ObjectType({ description: "The new environment, or the one that was brought back.", simpleResolvers: true })
export class CreateEnvironmentPayload {
  @Field(() => Environment)
  environment: Environment;
}

@ObjectType({ description: "The environment after the change.", simpleResolvers: true })
export class UpdateEnvironmentPayload {
  @Field(() => Environment)
  environment: Environment;
}

@ObjectType({ description: "The environment, where it now runs.", simpleResolvers: true })
export class PlaceEnvironmentPayload {
  @Field(() => Environment)
  environment: Environment;
}
