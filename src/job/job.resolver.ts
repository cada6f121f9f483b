/** Owns how jobs are exposed: fields, access, one call each. */
import type { GraphQLResolveInfo } from "graphql";
import { Arg, Args, Ctx, Directive, FieldResolver, Info, Mutation, Query, Resolver, Root } from "type-graphql";
import { Access } from "../kernel/access.js";
import { connectionOf, LIST_SIZE, PageArgs, type Page } from "../kernel/connection.js";
import type { RequestContext } from "../kernel/request.js";
import { Tenant } from "../tenant/tenant.entity.js";
import { tenantReads } from "../tenant/tenant.reads.js";
import { retryJob } from "./job.changes.js";
import { Job } from "./job.entity.js";
import { JobFilter, RetryJobInput, RetryJobPayload } from "./job.inputs.js";
import { jobReads } from "./job.reads.js";

const JobConnection = connectionOf(Job, "Job");

@Resolver(() => Job)
export class JobResolver {
  @Access("job.read")
  @Directive(LIST_SIZE)
  @Query(() => JobConnection, { description: "The registry's jobs, newest first. Platform staff only; those who narrowed to a tenant see its jobs." })
  jobs(
    @Args(() => PageArgs) page: PageArgs,
    @Arg("filter", () => JobFilter, { nullable: true }) filter: JobFilter | null,
    @Ctx() { reads }: RequestContext,
  ): Promise<Page<Job>> {
    return reads(jobReads).search(filter, page);
  }

  @Access("tenant.read")
  @FieldResolver(() => Tenant, { nullable: true, description: "The tenant that it is for; null for the platform's own." })
  async tenant(@Root() { tenantId }: Job, @Ctx() { reads }: RequestContext, @Info() info: GraphQLResolveInfo): Promise<Tenant | null> {
    return tenantId === null ? null : reads(tenantReads).byId(tenantId, info);
  }

  @Access("job.retry")
  @Mutation(() => RetryJobPayload, { description: "Try a job once more that has failed for good. Platform operators only." })
  retryJob(@Arg("input", () => RetryJobInput) input: RetryJobInput, @Ctx() context: RequestContext): Promise<RetryJobPayload> {
    return retryJob(context, input);
  }
}
