/** Owns what may be asked of audit events. */
import { GraphQLDateTime } from "graphql-scalars";
import { IsOptional, Matches, MaxLength } from "class-validator";
import { Field, ID, InputType } from "type-graphql";

@InputType({ description: "Every condition that is given must hold." })
export class AuditEventFilter {
  @Field(() => String, { nullable: true, description: "An action such as `project.create`, or the beginning of one followed by `*`." })
  @IsOptional()
  @Matches(/^[a-z][a-z0-9_.]{0,99}\*?$/, { message: "action must be like project.create or project.*" })
  action?: string | null;

  @Field(() => String, { nullable: true, description: "Subject of who did it." })
  @IsOptional()
  @MaxLength(255)
  actorId?: string | null;

  @Field(() => String, { nullable: true, description: "Kind of what it was done to, for instance `project`." })
  @IsOptional()
  @MaxLength(100)
  targetType?: string | null;

  @Field(() => String, { nullable: true, description: "Id of what it was done to." })
  @IsOptional()
  @MaxLength(255)
  targetId?: string | null;

  @Field(() => String, { nullable: true, description: "Key of the product that the action is about." })
  @IsOptional()
  @MaxLength(100)
  product?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "An API key: what was done to it, and what was done with it, as far as its product recorded it. Its id, its `lookupId`, or the key itself, " +
      "of which only the public part is looked for and nothing is kept. A key that another service made shares its `lookupId` with others that begin alike.",
  })
  @IsOptional()
  @MaxLength(200)
  apiKey?: string | null;

  @Field(() => ID, { nullable: true, description: "The project that it is about." })
  projectId?: string | null;

  @Field(() => String, { nullable: true, description: "Id of the request that did it." })
  @IsOptional()
  @MaxLength(100)
  requestId?: string | null;

  @Field(() => GraphQLDateTime, { nullable: true, description: "Recorded at this time or later." })
  from?: Date | null;

  @Field(() => GraphQLDateTime, { nullable: true, description: "Recorded before this time." })
  until?: Date | null;
}
