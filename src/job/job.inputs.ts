/** Owns what may be asked of jobs. */
import { IsOptional, MaxLength } from "class-validator";
import { Field, ID, InputType, ObjectType } from "type-graphql";
import { Job, JobState } from "./job.entity.js";

@InputType({ description: "Every condition that is given must hold." })
export class JobFilter {
  @Field(() => String, { nullable: true, description: "What is done, for instance `tenant.advance`." })
  @IsOptional()
  @MaxLength(100)
  kind?: string | null;

  @Field(() => [JobState], { nullable: true, description: "One of these states." })
  state?: JobState[] | null;

  @Field(() => ID, { nullable: true, description: "The tenant that it is for." })
  tenantId?: string | null;
}

@InputType({ description: "Which job to try once more." })
export class RetryJobInput {
  @Field(() => ID)
  id: string;
}

@ObjectType({ description: "The job, waiting for one more attempt.", simpleResolvers: true })
export class RetryJobPayload {
  @Field(() => Job)
  job: Job;
}
