/** Owns how projects are exposed: fields, access, one call each. */
import type { GraphQLResolveInfo } from "graphql";
import { Arg, Args, Ctx, Directive, FieldResolver, ID, Info, Mutation, Query, Resolver, Root } from "type-graphql";
import { Access } from "../kernel/access.js";
import { keyText } from "../kernel/id.js";
import { connectionOf, LIST_SIZE, PageArgs, type Page } from "../kernel/connection.js";
import { reference } from "../kernel/reference.js";
import type { RequestContext } from "../kernel/request.js";
import { Tenant } from "../tenant/tenant.entity.js";
import { tenantReads } from "../tenant/tenant.reads.js";
import { archiveProject, createProject, restoreProject, updateProject } from "./project.changes.js";
import { Project } from "./project.entity.js";
import {
  ArchiveProjectPayload,
  CreateProjectInput,
  CreateProjectPayload,
  ProjectFilter,
  ProjectOrder,
  ProjectStatusInput,
  RestoreProjectPayload,
  UpdateProjectInput,
  UpdateProjectPayload,
} from "./project.inputs.js";
import { projectReads } from "./project.reads.js";

const ProjectConnection = connectionOf(Project, "Project");

reference("Project", "project.read", ({ id }, { reads }) => reads(projectReads).byId.load(keyText(id)));

@Resolver(() => Project)
export class ProjectResolver {
  @Access("project.read")
  @Query(() => Project, { nullable: true, description: "A project by id; null when there is none for this caller." })
  project(@Arg("id", () => ID) id: string, @Ctx() { reads }: RequestContext): Promise<Project | null> {
    return reads(projectReads).byId.load(id);
  }

  @Access("tenant.read")
  @FieldResolver(() => Tenant, { description: "The tenant that the project belongs to." })
  tenant(@Root() { tenantId }: Project, @Ctx() { reads }: RequestContext, @Info() info: GraphQLResolveInfo): Promise<Tenant | null> {
    return reads(tenantReads).byId(tenantId, info);
  }

  @Access("project.create")
  @Mutation(() => CreateProjectPayload, { description: "Create a project in a tenant." })
  createProject(@Arg("input", () => CreateProjectInput) input: CreateProjectInput, @Ctx() { doors }: RequestContext): Promise<CreateProjectPayload> {
    return createProject(doors, input);
  }

  @Access("project.update")
  @Mutation(() => UpdateProjectPayload, { description: "Change a project's name." })
  updateProject(@Arg("input", () => UpdateProjectInput) input: UpdateProjectInput, @Ctx() context: RequestContext): Promise<UpdateProjectPayload> {
    return updateProject(context, input);
  }

  @Access("project.archive")
  @Mutation(() => ArchiveProjectPayload, { description: "Put a project away. Archiving an archived one changes nothing." })
  archiveProject(@Arg("input", () => ProjectStatusInput) input: ProjectStatusInput, @Ctx() context: RequestContext): Promise<ArchiveProjectPayload> {
    return archiveProject(context, input);
  }

  @Access("project.restore")
  @Mutation(() => RestoreProjectPayload, { description: "Bring an archived project back. Restoring an active one changes nothing." })
  restoreProject(@Arg("input", () => ProjectStatusInput) input: ProjectStatusInput, @Ctx() context: RequestContext): Promise<RestoreProjectPayload> {
    return restoreProject(context, input);
  }
}

@Resolver(() => Tenant)
export class TenantProjectsResolver {
  @Access("project.read")
  @Directive(LIST_SIZE)
  @FieldResolver(() => ProjectConnection, { nullable: true, description: "The tenant's projects, oldest first unless ordered." })
  projects(
    @Root() tenant: Tenant,
    @Args(() => PageArgs) page: PageArgs,
    @Arg("filter", () => ProjectFilter, { nullable: true }) filter: ProjectFilter | null,
    @Arg("orderBy", () => ProjectOrder, { nullable: true }) orderBy: ProjectOrder | null,
    @Ctx() { reads }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Page<Project>> {
    return reads(projectReads).ofTenant({ filter, orderBy, page }).load(tenant, info);
  }
}
