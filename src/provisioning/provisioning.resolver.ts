/** Owns how provisioning is exposed: fields, access, one call each. */
import { Arg, Ctx, Directive, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import { Access } from "../kernel/access.js";
import type { RequestContext } from "../kernel/request.js";
import { Tenant } from "../tenant/tenant.entity.js";
import { Invitation, InvitationState } from "./invitation.entity.js";
import { resendInvitation, retryProvisioning, revokeInvitation } from "./provisioning.changes.js";
import {
  Provisioning,
  ResendInvitationInput,
  ResendInvitationPayload,
  RetryProvisioningInput,
  RetryProvisioningPayload,
  RevokeInvitationInput,
  RevokeInvitationPayload,
} from "./provisioning.inputs.js";
import { provisioningReads } from "./provisioning.reads.js";
import { invitationStateAt, wordsFor } from "./provisioning.rules.js";
import { ProvisioningStep } from "./provisioning-step.entity.js";

@Resolver(() => Provisioning)
export class ProvisioningResolver {
  @Directive("@listSize(assumedSize: 5)")
  @FieldResolver(() => [Invitation], { description: "Who was invited, in that order." })
  invitations(@Root() { tenantId }: Provisioning, @Ctx() { reads }: RequestContext): Promise<Invitation[]> {
    return reads(provisioningReads).invitationsOf.load(tenantId);
  }

  @Access("provisioning.retry")
  @Mutation(() => RetryProvisioningPayload, { description: "Try at once what failed, waits or was skipped at the identity provider. Platform operators only." })
  retryProvisioning(@Arg("input", () => RetryProvisioningInput) input: RetryProvisioningInput, @Ctx() context: RequestContext): Promise<RetryProvisioningPayload> {
    return retryProvisioning(context, input);
  }

  @Access("invitation.resend")
  @Mutation(() => ResendInvitationPayload, { description: "Send an invitation that is pending or has expired again, with a new link; at most once a minute." })
  resendInvitation(@Arg("input", () => ResendInvitationInput) input: ResendInvitationInput, @Ctx() context: RequestContext): Promise<ResendInvitationPayload> {
    return resendInvitation(context, input);
  }

  @Access("invitation.revoke")
  @Mutation(() => RevokeInvitationPayload, { description: "Take a pending invitation back." })
  revokeInvitation(@Arg("input", () => RevokeInvitationInput) input: RevokeInvitationInput, @Ctx() context: RequestContext): Promise<RevokeInvitationPayload> {
    return revokeInvitation(context, input);
  }
}

@Resolver(() => ProvisioningStep)
export class ProvisioningStepResolver {
  @FieldResolver(() => String, { nullable: true, description: "Why the last attempt failed." })
  lastError(@Root() { lastError }: ProvisioningStep): string | null {
    return lastError && wordsFor(lastError);
  }
}

@Resolver(() => Invitation)
export class InvitationResolver {
  @FieldResolver(() => InvitationState, { description: "What has become of it; a link that is over is over although nobody has looked yet." })
  state(@Root() invitation: Invitation, @Ctx() { now }: RequestContext): InvitationState {
    return invitationStateAt(invitation, now());
  }
}

@Resolver(() => Tenant)
export class TenantProvisioningResolver {
  @Access("provisioning.read")
  @Directive("@cost(weight: 10)")
  @FieldResolver(() => Provisioning, { nullable: true, description: "How far the tenant is at the identity provider; null when nothing was planned there, as for a demo." })
  async provisioning(@Root() { id: tenantId }: Tenant, @Ctx() { reads }: RequestContext): Promise<Provisioning | null> {
    const steps = await reads(provisioningReads).stepsOf.load(tenantId);
    return steps.length === 0 ? null : { tenantId, steps };
  }
}
