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

  @Field(() => String, { nullable: true })
  @IsOptional()
  @MaxLength(255)
  actorId?: string | null;

  @Field(() => String, { nullable: true })
  @IsOptional()
  @MaxLength(100)
  targetType?: string | null;

  @Field(() => String, { nullable: true })
  @IsOptional()
  @MaxLength(255)
  targetId?: string | null;

  @Field(() => String, { nullable: true })
  @IsOptional()
  @MaxLength(100)
  product?: string | null;

  @Field(() => ID, { nullable: true })
  projectId?: string | null;

  @Field(() => String, { nullable: true })
  @IsOptional()
  @MaxLength(100)
  requestId?: string | null;

  @Field(() => GraphQLDateTime, { nullable: true, description: "Recorded at this time or later." })
  from?: Date | null;

  @Field(() => GraphQLDateTime, { nullable: true, description: "Recorded before this time." })
  until?: Date | null;
}
