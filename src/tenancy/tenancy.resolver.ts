/** Owns how contexts are exposed: fields, access, one call each. */
import { Arg, Ctx, Directive, FieldResolver, Query, Resolver, Root } from "type-graphql";
import { RunningFlow } from "../flow/flow.entity.js";
import { Access } from "../kernel/access.js";
import { PostOnly } from "../kernel/post-only.js";
import type { RequestContext } from "../kernel/request.js";
import { Cluster, clusterOf } from "../platform/cluster.type.js";
import { DEFAULT_SETTINGS, effective, EffectiveSettings } from "../settings/settings.js";
import { ContextNames, KeyContext, TenantContext } from "./tenancy.answers.js";
import { can, resourceReads } from "./tenancy.can.js";
import { contextOfKey } from "./tenancy.key.js";
import { contextFor } from "./tenancy.question.js";

const TEAM = "Slug or id of a team; the one that the X-Team-ID header names when omitted, or none.";

@Resolver(() => TenantContext)
export class TenantContextResolver {
  @Access("tenant_context.read")
  @Query(() => TenantContext, {
    nullable: true,
    description: "For whom something happens, of the caller's own tenant, or of the one that a service or staff name; null when there is no such context for this caller.",
  })
  tenantContext(
    @Arg("tenant", () => String, { nullable: true, description: "Slug or id of the tenant; the one that the caller acts in when omitted." }) tenant: string | null | undefined,
    @Arg("environment", () => String, { nullable: true, description: "Slug or id of an environment; the one that the X-Environment-ID header names when omitted, or else the only one." }) environment: string | null | undefined,
    @Arg("team", () => String, { nullable: true, description: TEAM }) team: string | null | undefined,
    @Ctx() context: RequestContext,
  ): Promise<TenantContext | null> {
    return contextFor(context, { tenant, environment, team });
  }

  @Access("api_key.verify")
  @PostOnly()
  @Query(() => KeyContext, { description: "What may be done with an API key of the caller's own product, and in which context. For products' services, with POST only." })
  tenantContextOfKey(
    @Arg("key", () => String, { description: "The whole key, as it was presented. Send it as a variable: documents are kept in more places than values are." }) key: string,
    @Arg("environment", () => String, { nullable: true, description: "Slug of the environment that it was presented in; when omitted the key's own, or else the only one." }) environment: string | null | undefined,
    @Arg("team", () => String, { nullable: true, description: TEAM }) team: string | null | undefined,
    @Arg("scopes", () => [String], { nullable: true, description: "What it is to be used for; it must have all of them, letter for letter. At most 50." }) scopes: string[] | null | undefined,
    @Arg("acceptReadOnly", () => Boolean, { defaultValue: false, description: "You can serve a frozen tenant without letting it change anything." }) acceptReadOnly: boolean,
    @Arg("clientIp", () => String, { nullable: true, description: "The address that it was presented from. A key with a list of addresses is refused without it." }) clientIp: string | null | undefined,
    @Ctx() context: RequestContext,
  ): Promise<KeyContext> {
    return contextOfKey(context, { key, environment, team, scopes, acceptReadOnly, clientIp });
  }

  @Access("tenant_context.read")
  @FieldResolver(() => Cluster, { nullable: true, description: "Where the environment runs; null when it is placed nowhere." })
  cluster(@Root() { clusterSlug }: TenantContext, @Ctx() { facilities }: RequestContext): Cluster | null {
    return clusterSlug === null ? null : clusterOf(facilities.platform, clusterSlug);
  }

  @FieldResolver(() => EffectiveSettings, { description: "The settings that hold here." })
  settings(@Root() { says: { tenant, environment, team } }: TenantContext): EffectiveSettings {
    return effective(DEFAULT_SETTINGS, tenant, environment, team);
  }

  @Directive("@listSize(assumedSize: 20)")
  @FieldResolver(() => [RunningFlow], { description: "The flows that the environment runs, by name." })
  flows(@Root() { tenantId, environmentId }: TenantContext, @Ctx() { reads }: RequestContext): Promise<RunningFlow[]> {
    return reads(resourceReads).of(tenantId).flows.running.load({ tenantId, id: environmentId });
  }

  @FieldResolver(() => ContextNames, { description: "Names for what belongs to it." })
  names(@Root() { named }: TenantContext): ContextNames {
    return { context: named };
  }

  /** Each is a question of its own, however many stand in one document. */
  @Directive("@cost(weight: 1)")
  @FieldResolver(() => Boolean, { description: "May the caller do this to that resource now? False also for what is not there, and for what is another tenant's." })
  can(
    @Root() within: TenantContext,
    @Arg("action", () => String, { description: "`noun.verb`, as in `viewer.actions`." }) action: string,
    @Arg("resource", () => String, { description: "As `names.resourceName` writes it." }) resource: string,
    @Ctx() context: RequestContext,
  ): Promise<boolean> {
    return can(context, within, action, resource);
  }
}
