/** Owns how a tenant's life is exposed: where it stands at the moment it is asked, and the steps that operators take. */
import { GraphQLDateTime } from "graphql-scalars";
import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import { Access } from "../kernel/access.js";
import type { RequestContext } from "../kernel/request.js";
import { Tenant, TenantCancelReason, TenantStatus } from "./tenant.entity.js";
import { archivedSince, archivesAt, cancelReasonAt, frozenSince, GRACE_DAYS, statusAt } from "./tenant.lifecycle.js";
import { activateTenant, archiveTenant, cancelTenant, extendTrial, reactivateTenant } from "./tenant.steps.js";
import {
  ActivateTenantInput,
  ActivateTenantPayload,
  ArchiveTenantInput,
  ArchiveTenantPayload,
  CancelTenantInput,
  CancelTenantPayload,
  ExtendTrialInput,
  ExtendTrialPayload,
  ReactivateTenantInput,
  ReactivateTenantPayload,
} from "./tenant.steps.inputs.js";

@Resolver(() => Tenant)
export class TenantLifecycleResolver {
  @FieldResolver(() => TenantStatus)
  status(@Root() tenant: Tenant, @Ctx() { now }: RequestContext): TenantStatus {
    return statusAt(tenant, now());
  }

  @FieldResolver(() => GraphQLDateTime)
  frozenAt(@Root() tenant: Tenant, @Ctx() { now }: RequestContext): Date | null {
    return frozenSince(tenant, now());
  }

  @FieldResolver(() => GraphQLDateTime, { nullable: true, description: "When it will be archived, and what it has erased, unless somebody reactivates it before; null when it is not frozen." })
  archivesAt(@Root() tenant: Tenant, @Ctx() { now }: RequestContext): Date | null {
    return archivesAt(tenant, now());
  }

  @FieldResolver(() => GraphQLDateTime)
  archivedAt(@Root() tenant: Tenant, @Ctx() { now }: RequestContext): Date | null {
    return archivedSince(tenant, now());
  }

  @FieldResolver(() => TenantCancelReason)
  cancelReason(@Root() tenant: Tenant, @Ctx() { now }: RequestContext): TenantCancelReason | null {
    return cancelReasonAt(tenant, now());
  }

  @Access("tenant.activate")
  @Mutation(() => ActivateTenantPayload, { description: "Make a trial a customer. Platform operators only." })
  activateTenant(@Arg("input", () => ActivateTenantInput) input: ActivateTenantInput, @Ctx() context: RequestContext): Promise<ActivateTenantPayload> {
    return activateTenant(context, input);
  }

  @Access("tenant.extend_trial")
  @Mutation(() => ExtendTrialPayload, { description: "Let a trial end later. Platform operators only." })
  extendTrial(@Arg("input", () => ExtendTrialInput) input: ExtendTrialInput, @Ctx() context: RequestContext): Promise<ExtendTrialPayload> {
    return extendTrial(context, input);
  }

  @Access("tenant.cancel")
  @Mutation(() => CancelTenantPayload, { description: `Freeze a trial or a customer: read-only for ${GRACE_DAYS} days, then archived. Platform operators only.` })
  cancelTenant(@Arg("input", () => CancelTenantInput) input: CancelTenantInput, @Ctx() context: RequestContext): Promise<CancelTenantPayload> {
    return cancelTenant(context, input);
  }

  @Access("tenant.reactivate")
  @Mutation(() => ReactivateTenantPayload, { description: "Make a frozen tenant a customer again. Platform operators only." })
  reactivateTenant(@Arg("input", () => ReactivateTenantInput) input: ReactivateTenantInput, @Ctx() context: RequestContext): Promise<ReactivateTenantPayload> {
    return reactivateTenant(context, input);
  }

  @Access("tenant.archive")
  @Mutation(() => ArchiveTenantPayload, {
    description: "Erase what a frozen or demo tenant has, for good; its audit log and a tombstone remain. Platform operators only.",
  })
  archiveTenant(@Arg("input", () => ArchiveTenantInput) input: ArchiveTenantInput, @Ctx() context: RequestContext): Promise<ArchiveTenantPayload> {
    return archiveTenant(context, input);
  }
}
