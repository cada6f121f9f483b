/** Owns what may be asked of viewer tokens, and what is answered. */
import { GraphQLDateTime } from "graphql-scalars";
import { IsOptional, Length } from "class-validator";
import { Field, ID, InputType, ObjectType } from "type-graphql";
import { Reference } from "../kernel/validation.js";
import { VIEWER_TOKEN_MINUTES } from "./audit-viewer.tokens.js";

const SOUGHT: Parameters<typeof Length> = [1, 255, { message: "$property must be 1 to 255 characters" }];

@InputType({ description: "Whose page is to show which events of a tenant's audit log." })
export class CreateAuditViewerTokenInput {
  @Field(() => ID, { nullable: true, description: "The tenant; the caller's own when omitted." })
  tenantId?: string | null;

  @Field(() => String, { nullable: true, description: "Subject of the person whose page it is, who is recorded as having looked; the caller when omitted." })
  @Reference()
  forActor?: string | null;

  @Field(() => String, { nullable: true, description: "Show only what this subject did." })
  @IsOptional()
  @Length(...SOUGHT)
  actorId?: string | null;

  @Field(() => String, { nullable: true, description: "Show only what was done to the thing of this id." })
  @IsOptional()
  @Length(...SOUGHT)
  targetId?: string | null;
}

@ObjectType({ description: "A token with which the events can be read, and nothing else.", simpleResolvers: true })
export class CreateAuditViewerTokenPayload {
  @Field(() => String, { description: "Goes into `Authorization` as a bearer token. Shown once; whoever has it can look." })
  token: string;

  @Field(() => GraphQLDateTime, { description: `Until when it can be used: ${VIEWER_TOKEN_MINUTES} minutes from now.` })
  expiresAt: Date;
}
