/** Owns how teams are exposed: fields, access, one call each. */
import type { GraphQLResolveInfo } from "graphql";
import { Arg, Args, Ctx, Directive, FieldResolver, ID, Info, Mutation, Query, Resolver, Root } from "type-graphql";
import { Access } from "../kernel/access.js";
import { connectionOf, LIST_SIZE, PageArgs, type Page } from "../kernel/connection.js";
import { keyText } from "../kernel/id.js";
import { reference } from "../kernel/reference.js";
import type { RequestContext } from "../kernel/request.js";
import { Settings } from "../settings/settings.js";
import { Tenant } from "../tenant/tenant.entity.js";
import { tenantReads } from "../tenant/tenant.reads.js";
import { createTeam, updateTeam } from "./team.changes.js";
import { Team } from "./team.entity.js";
import { CreateTeamInput, CreateTeamPayload, UpdateTeamInput, UpdateTeamPayload } from "./team.inputs.js";
import { teamReads } from "./team.reads.js";

const TeamConnection = connectionOf(Team, "Team");

reference("Team", "team.read", ({ id }, { reads }) => reads(teamReads).byId.load(keyText(id)));

@Resolver(() => Team)
export class TeamResolver {
  @Access("team.read")
  @Query(() => Team, { nullable: true, description: "A team by id; null when there is none for this caller." })
  team(@Arg("id", () => ID) id: string, @Ctx() { reads }: RequestContext): Promise<Team | null> {
    return reads(teamReads).byId.load(id);
  }

  @FieldResolver(() => Settings, { description: "What the team says for itself." })
  settings(@Root() { settings }: Team): Settings {
    return settings;
  }

  @Access("tenant.read")
  @FieldResolver(() => Tenant, { description: "The tenant that the team belongs to." })
  tenant(@Root() { tenantId }: Team, @Ctx() { reads }: RequestContext, @Info() info: GraphQLResolveInfo): Promise<Tenant | null> {
    return reads(tenantReads).byId(tenantId, info);
  }

  @Access("team.create")
  @Mutation(() => CreateTeamPayload, { description: "Create a team in a tenant, or bring an archived one back." })
  createTeam(@Arg("input", () => CreateTeamInput) input: CreateTeamInput, @Ctx() { doors }: RequestContext): Promise<CreateTeamPayload> {
    return createTeam(doors, input);
  }

  @Access("team.update")
  @Mutation(() => UpdateTeamPayload, { description: "Change a team's name or settings, put it away, or bring it back." })
  updateTeam(@Arg("input", () => UpdateTeamInput) input: UpdateTeamInput, @Ctx() context: RequestContext): Promise<UpdateTeamPayload> {
    return updateTeam(context, input);
  }
}

@Resolver(() => Tenant)
export class TenantTeamsResolver {
  @Access("team.read")
  @Directive(LIST_SIZE)
  @FieldResolver(() => TeamConnection, { nullable: true, description: "The tenant's teams, by slug." })
  teams(
    @Root() tenant: Tenant,
    @Args(() => PageArgs) page: PageArgs,
    @Arg("archived", () => Boolean, { defaultValue: false, description: "Also those that are put away." }) archived: boolean,
    @Ctx() { reads }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Page<Team>> {
    return reads(teamReads).ofTenant({ archived, page }).load(tenant, info);
  }
}
