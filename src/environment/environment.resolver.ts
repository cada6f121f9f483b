/** Owns how environments are exposed: fields, access, one call each. Where they run is `placement.resolver.ts`. */
import type { GraphQLResolveInfo } from "graphql";
import { Arg, Ctx, Directive, FieldResolver, ID, Info, Mutation, Query, Resolver, Root } from "type-graphql";
import { Access } from "../kernel/access.js";
import { keyText } from "../kernel/id.js";
import { reference } from "../kernel/reference.js";
import type { RequestContext } from "../kernel/request.js";
import { Settings } from "../settings/settings.js";
import { declareSettings } from "../settings/settings.reads.js";
import { Tenant } from "../tenant/tenant.entity.js";
import { tenantReads } from "../tenant/tenant.reads.js";
import { createEnvironment, placeEnvironment, updateEnvironment } from "./environment.changes.js";
import { Environment } from "./environment.entity.js";
import {
  CreateEnvironmentInput,
  CreateEnvironmentPayload,
  PlaceEnvironmentInput,
  PlaceEnvironmentPayload,
  UpdateEnvironmentInput,
  UpdateEnvironmentPayload,
} from "./environment.inputs.js";
import { environmentReads } from "./environment.reads.js";

declareSettings("Environment");
reference("Environment", "environment.read", ({ id }, { reads }) => reads(environmentReads).byId.load(keyText(id)));

@Resolver(() => Environment)
export class EnvironmentResolver {
  @Access("environment.read")
  @Query(() => Environment, { nullable: true, description: "An environment by id; null when there is none for this caller." })
  environment(@Arg("id", () => ID) id: string, @Ctx() { reads }: RequestContext): Promise<Environment | null> {
    return reads(environmentReads).byId.load(id);
  }

  @Access("tenant.read")
  @FieldResolver(() => Tenant, { description: "The tenant that the environment belongs to." })
  tenant(@Root() { tenantId }: Environment, @Ctx() { reads }: RequestContext, @Info() info: GraphQLResolveInfo): Promise<Tenant | null> {
    return reads(tenantReads).byId(tenantId, info);
  }

  @FieldResolver(() => Settings, { description: "What it says for itself. What holds in it is told by the context of a tenant." })
  settings(@Root() { settings }: Environment): Settings {
    return settings;
  }

  @Access("environment.create")
  @Mutation(() => CreateEnvironmentPayload, { description: "Give a tenant an environment, or bring one back that was put away. Platform operators only." })
  createEnvironment(@Arg("input", () => CreateEnvironmentInput) input: CreateEnvironmentInput, @Ctx() context: RequestContext): Promise<CreateEnvironmentPayload> {
    return createEnvironment(context, input);
  }

  @Access("environment.update")
  @Mutation(() => UpdateEnvironmentPayload, { description: "Change what an environment is called and says for itself; for operators, put it away or bring it back." })
  updateEnvironment(@Arg("input", () => UpdateEnvironmentInput) input: UpdateEnvironmentInput, @Ctx() context: RequestContext): Promise<UpdateEnvironmentPayload> {
    return updateEnvironment(context, input);
  }

  @Access("environment.place")
  @Mutation(() => PlaceEnvironmentPayload, { description: "Let an environment run on another cluster. Platform operators only. Nothing is moved by it: whoever routes reads where to." })
  placeEnvironment(@Arg("input", () => PlaceEnvironmentInput) input: PlaceEnvironmentInput, @Ctx() context: RequestContext): Promise<PlaceEnvironmentPayload> {
    return placeEnvironment(context, input);
  }
}

@Resolver(() => Tenant)
export class TenantEnvironmentsResolver {
  @Access("environment.read")
  @Directive("@listSize(assumedSize: 20)")
  @FieldResolver(() => [Environment], { nullable: true, description: "The tenant's environments, by slug." })
  async environments(
    @Root() { id }: Tenant,
    @Arg("archived", () => Boolean, { defaultValue: false, description: "True: those that were put away, instead of those in use." }) archived: boolean,
    @Ctx() { reads }: RequestContext,
  ): Promise<Environment[]> {
    const all = await reads(environmentReads).ofTenant.load(id);
    return all.filter(({ archivedAt }) => (archivedAt !== null) === archived);
  }
}
