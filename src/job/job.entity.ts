/** Owns what a job is in the graph. Its row is the queue library's, and written by it alone, but for a retry. */
import { GraphQLDateTime } from "graphql-scalars";
import { Field, ID, Int, ObjectType, registerEnumType } from "type-graphql";

/** Names for people; the values are the queue's. */
export enum JobState {
  WAITING = "created",
  RETRYING = "retry",
  RUNNING = "active",
  DONE = "completed",
  FAILED = "failed",
  CANCELLED = "cancelled",
}

registerEnumType(JobState, {
  name: "JobState",
  description: "Where a job stands.",
  valuesConfig: {
    WAITING: { description: "To be run at `startAfter` or soon after." },
    RETRYING: { description: "It failed and will be tried again at `startAfter` or soon after." },
    RUNNING: { description: "An instance is at it." },
    DONE: { description: "It ended well. Such jobs are shown for a day." },
    FAILED: { description: "It failed for good, unless it is retried. Such jobs are shown for 90 days." },
    CANCELLED: { description: "Somebody took it out of the queue." },
  },
});

@ObjectType({ description: "Why an attempt failed. The details are in the log, under the request id `job-<id>`.", simpleResolvers: true })
export class JobError {
  @Field(() => String, { description: "As in `extensions.code` of an answer." })
  code: string;

  @Field(() => String, { description: "For people." })
  message: string;
}

@ObjectType({ description: "Work that the registry does by itself: because a change asked for it, or because it is time.", simpleResolvers: true })
export class Job {
  @Field(() => ID)
  id: string;

  @Field(() => String, { description: "What is done, for instance `tenant.advance`." })
  kind: string;

  tenantId: string | null;

  @Field(() => JobState)
  state: JobState;

  @Field(() => Int, { description: "How often it was begun." })
  attempts: number;

  @Field(() => Int, { description: "How often it is begun before it has failed for good." })
  maxAttempts: number;

  @Field(() => JobError, { nullable: true, description: "Why the last attempt failed; null when none has, and once it is done." })
  lastError: JobError | null;

  @Field(() => GraphQLDateTime)
  createdAt: Date;

  @Field(() => GraphQLDateTime, { description: "It is not begun before this time." })
  startAfter: Date;

  @Field(() => GraphQLDateTime, { nullable: true, description: "When it was last begun." })
  startedAt: Date | null;

  @Field(() => GraphQLDateTime, { nullable: true, description: "When it ended, well or for good." })
  completedAt: Date | null;
}
