/** Owns how flows are exposed: fields, access, one call each. */
import type { GraphQLResolveInfo } from "graphql";
import { GraphQLJSONObject } from "graphql-scalars";
import { Arg, Args, Ctx, Directive, FieldResolver, ID, Info, Mutation, Query, Resolver, Root } from "type-graphql";
import { Environment } from "../environment/environment.entity.js";
import { Access } from "../kernel/access.js";
import { connectionOf, LIST_SIZE, PageArgs, type Page } from "../kernel/connection.js";
import { keyText } from "../kernel/id.js";
import { reference } from "../kernel/reference.js";
import type { RequestContext } from "../kernel/request.js";
import { Tenant } from "../tenant/tenant.entity.js";
import { tenantReads } from "../tenant/tenant.reads.js";
import { publishFlow, runFlow } from "./flow.changes.js";
import { Flow, FlowVersion, RunningFlow } from "./flow.entity.js";
import { PublishFlowInput, PublishFlowPayload, RunFlowInput, RunFlowPayload } from "./flow.inputs.js";
import { flowReads } from "./flow.reads.js";
import { labelOf } from "./flow.rules.js";

const FlowConnection = connectionOf(Flow, "Flow");
const FlowVersionConnection = connectionOf(FlowVersion, "FlowVersion");
const LABEL = "What whoever published it calls the version; the number is what it is known by.";

reference("Flow", "flow.read", ({ id }, { reads }) => reads(flowReads).byId.load(keyText(id)));

@Resolver(() => Flow)
export class FlowResolver {
  @Access("flow.read")
  @Query(() => Flow, { nullable: true, description: "A flow by id; null when there is none for this caller." })
  flow(@Arg("id", () => ID) id: string, @Ctx() { reads }: RequestContext): Promise<Flow | null> {
    return reads(flowReads).byId.load(id);
  }

  @Access("tenant.read")
  @FieldResolver(() => Tenant, { description: "The tenant that the flow belongs to." })
  tenant(@Root() { tenantId }: Flow, @Ctx() { reads }: RequestContext, @Info() info: GraphQLResolveInfo): Promise<Tenant | null> {
    return reads(tenantReads).byId(tenantId, info);
  }

  @FieldResolver(() => FlowVersion, { description: "The version that was published last, which no environment need run." })
  latest(@Root() flow: Flow, @Ctx() { reads }: RequestContext): Promise<FlowVersion | null> {
    return reads(flowReads).latestOf.load(flow);
  }

  @Access("flow.read")
  @Directive(LIST_SIZE)
  @FieldResolver(() => FlowVersionConnection, { nullable: true, description: "Every version that was published, the latest first." })
  versions(@Root() flow: Flow, @Args(() => PageArgs) page: PageArgs, @Ctx() { reads }: RequestContext, @Info() info: GraphQLResolveInfo): Promise<Page<FlowVersion>> {
    return reads(flowReads).versionsOf({ page }).load(flow, info);
  }

  @Access("flow.publish")
  @Mutation(() => PublishFlowPayload, { description: "Publish a version of a flow, and with the first version the flow. No environment runs it by that." })
  publishFlow(@Arg("input", () => PublishFlowInput) input: PublishFlowInput, @Ctx() context: RequestContext): Promise<PublishFlowPayload> {
    return publishFlow(context, input);
  }

  @Access("flow.run")
  @Mutation(() => RunFlowPayload, { description: "Let an environment run a version of a flow instead of what it runs of it, an earlier version too; or stop it there." })
  runFlow(@Arg("input", () => RunFlowInput) input: RunFlowInput, @Ctx() context: RequestContext): Promise<RunFlowPayload> {
    return runFlow(context, input);
  }
}

@Resolver(() => FlowVersion)
export class FlowVersionResolver {
  @FieldResolver(() => String, { nullable: true, description: LABEL })
  label(@Root() { body }: FlowVersion): string | null {
    return labelOf(body);
  }
}

@Resolver(() => RunningFlow)
export class RunningFlowResolver {
  @FieldResolver(() => String, { nullable: true, description: LABEL })
  label(@Root() { version }: RunningFlow): Promise<string | null> {
    return version.label();
  }

  @Directive("@cost(weight: 5)")
  @FieldResolver(() => GraphQLJSONObject, { description: "What the version does." })
  body(@Root() { version }: RunningFlow): Promise<Record<string, unknown>> {
    return version.body();
  }
}

@Resolver(() => Tenant)
export class TenantFlowsResolver {
  @Access("flow.read")
  @Directive(LIST_SIZE)
  @FieldResolver(() => FlowConnection, { nullable: true, description: "The tenant's flows, by name." })
  flows(@Root() tenant: Tenant, @Args(() => PageArgs) page: PageArgs, @Ctx() { reads }: RequestContext, @Info() info: GraphQLResolveInfo): Promise<Page<Flow>> {
    return reads(flowReads).ofTenant({ page }).load(tenant, info);
  }
}

@Resolver(() => Environment)
export class EnvironmentFlowsResolver {
  @Access("flow.read")
  @Directive("@listSize(assumedSize: 20)")
  @FieldResolver(() => [RunningFlow], { nullable: true, description: "The flows that it runs, by name." })
  flows(@Root() environment: Environment, @Ctx() { reads }: RequestContext): Promise<RunningFlow[]> {
    return reads(flowReads).running.load(environment);
  }
}
