/** Owns how channels are exposed: fields, access, one call each. */
import type { GraphQLResolveInfo } from "graphql";
import { Arg, Ctx, Directive, FieldResolver, ID, Info, Mutation, Query, Resolver, Root } from "type-graphql";
import { Access } from "../kernel/access.js";
import { keyText } from "../kernel/id.js";
import { reference } from "../kernel/reference.js";
import type { RequestContext } from "../kernel/request.js";
import { Tenant } from "../tenant/tenant.entity.js";
import { tenantReads } from "../tenant/tenant.reads.js";
import { createChannel, updateChannel } from "./channel.changes.js";
import { Channel } from "./channel.entity.js";
import { CreateChannelInput, CreateChannelPayload, UpdateChannelInput, UpdateChannelPayload } from "./channel.inputs.js";
import { channelReads } from "./channel.reads.js";
import { Team } from "./team.entity.js";
import { teamReads } from "./team.reads.js";

reference("Channel", "team.read", ({ id }, { reads }) => reads(channelReads).byId.load(keyText(id)));

@Resolver(() => Channel)
export class ChannelResolver {
  @Access("team.read")
  @Query(() => Channel, { nullable: true, description: "A channel by id; null when there is none for this caller." })
  channel(@Arg("id", () => ID) id: string, @Ctx() { reads }: RequestContext): Promise<Channel | null> {
    return reads(channelReads).byId.load(id);
  }

  @Access("team.read")
  @FieldResolver(() => Team, { description: "The team that talks by it." })
  team(@Root() { teamId }: Channel, @Ctx() { reads }: RequestContext): Promise<Team | null> {
    return reads(teamReads).byId.load(teamId);
  }

  @Access("tenant.read")
  @FieldResolver(() => Tenant, { description: "The tenant that the channel belongs to." })
  tenant(@Root() { tenantId }: Channel, @Ctx() { reads }: RequestContext, @Info() info: GraphQLResolveInfo): Promise<Tenant | null> {
    return reads(tenantReads).byId(tenantId, info);
  }

  @Access("channel.create")
  @Mutation(() => CreateChannelPayload, { description: "Create a channel in a team, or bring an archived one back." })
  createChannel(@Arg("input", () => CreateChannelInput) input: CreateChannelInput, @Ctx() context: RequestContext): Promise<CreateChannelPayload> {
    return createChannel(context, input);
  }

  @Access("channel.update")
  @Mutation(() => UpdateChannelPayload, { description: "Change a channel's provider or configuration, put it away, or bring it back." })
  updateChannel(@Arg("input", () => UpdateChannelInput) input: UpdateChannelInput, @Ctx() context: RequestContext): Promise<UpdateChannelPayload> {
    return updateChannel(context, input);
  }
}

@Resolver(() => Team)
export class TeamChannelsResolver {
  @Access("team.read")
  @Directive("@listSize(assumedSize: 10)")
  @FieldResolver(() => [Channel], { nullable: true, description: "The team's channels, by slug." })
  channels(
    @Root() team: Team,
    @Arg("archived", () => Boolean, { defaultValue: false, description: "Also those that are put away." }) archived: boolean,
    @Ctx() { reads }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Channel[]> {
    return reads(channelReads).ofTeam.load(team, info, { archived });
  }
}
