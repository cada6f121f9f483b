/** Owns what may be asked of teams: inputs that validate themselves, and the payloads of their mutations. */
import { Field, ID, InputType, Int, ObjectType } from "type-graphql";
import { IdempotencyKey, Named, NotNull } from "../kernel/validation.js";
import { SettingsInput } from "../settings/settings.js";
import { Team } from "./team.entity.js";
import { TEAMS_AT_MOST, TEAMS_EVER } from "./team.rules.js";

@InputType({ description: `A new team. A tenant can have ${TEAMS_AT_MOST} in use, and ${TEAMS_EVER} with the archived ones.` })
export class CreateTeamInput {
  @Field(() => ID, { nullable: true, description: "The tenant to create it in; the caller's own when omitted." })
  tenantId?: string | null;

  @Field(() => String, { description: "1 to 40 lower-case letters, digits and inner hyphens, unique in the tenant; can never be changed. That of an archived one brings it back, without its channels." })
  slug: string;

  @Field(() => String, { description: "Name for people, 1 to 200 characters." })
  @Named()
  name: string;

  @Field(() => SettingsInput, { nullable: true, description: "What it says for itself; everything else it inherits." })
  settings?: SettingsInput | null;

  @IdempotencyKey()
  idempotencyKey?: string | null;
}

@InputType({ description: "What to change of a team. What is omitted stays." })
export class UpdateTeamInput {
  @Field(() => ID)
  id: string;

  @Field(() => Int, { nullable: true, description: "Change only if the team still has this `version`; else CONFLICT." })
  expectedVersion?: number | null;

  @Field(() => String, { nullable: true, description: "Name for people, 1 to 200 characters." })
  @Named({ optional: true })
  name?: string;

  @Field(() => SettingsInput, { nullable: true, description: "What it says for itself." })
  @NotNull()
  settings?: SettingsInput;

  @Field(() => Boolean, { nullable: true, description: "True puts it away, with the channels that it has in use. False brings it back, with those." })
  @NotNull()
  archived?: boolean;
}

@ObjectType({ description: "The new team, or the one that was brought back.", simpleResolvers: true })
export class CreateTeamPayload {
  @Field(() => Team)
  team: Team;
}

@ObjectType({ description: "The team after the change.", simpleResolvers: true })
export class UpdateTeamPayload {
  @Field(() => Team)
  team: Team;
}
