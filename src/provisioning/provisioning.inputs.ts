/** Owns what may be asked of provisioning: inputs that validate themselves, and the payloads of their mutations. */
import { Field, ID, InputType, ObjectType } from "type-graphql";
import { IdempotencyKey } from "../kernel/validation.js";
import { Tenant } from "../tenant/tenant.entity.js";
import { Invitation } from "./invitation.entity.js";
import { ProvisioningStep } from "./provisioning-step.entity.js";

@ObjectType({ description: "How far a tenant is at the identity provider.", simpleResolvers: true })
export class Provisioning {
  tenantId: string;

  @Field(() => [ProvisioningStep], { description: "The three steps, in their order." })
  steps: ProvisioningStep[];
}

@InputType({ description: "Which tenant's steps to try again." })
export class RetryProvisioningInput {
  @Field(() => ID, { description: "The tenant." })
  tenantId: string;

  @IdempotencyKey()
  idempotencyKey?: string | null;
}

/** What every mutation of an invitation is told. */
@InputType()
export class InvitationInput {
  @Field(() => ID, { nullable: true, description: "The tenant that it is of; the caller's own when omitted." })
  tenantId?: string | null;

  @Field(() => ID, { description: "The invitation, as `Provisioning.invitations` names it." })
  invitationId: string;
}

@InputType({ description: "Which invitation to send again." })
export class ResendInvitationInput extends InvitationInput {}

@InputType({ description: "Which invitation to take back." })
export class RevokeInvitationInput extends InvitationInput {}

@InputType({ description: "Which tenant's organisation to bring back to what the registry knows." })
export class RepairKeycloakDriftInput {
  @Field(() => ID, { description: "The tenant." })
  tenantId: string;
}

@ObjectType({ description: "The tenant whose steps are tried again; how that went is in its `provisioning` soon.", simpleResolvers: true })
export class RetryProvisioningPayload {
  @Field(() => Tenant)
  tenant: Tenant;
}

@ObjectType({ description: "The invitation, which is sent again in a moment.", simpleResolvers: true })
export class ResendInvitationPayload {
  @Field(() => Invitation)
  invitation: Invitation;
}

@ObjectType({ description: "The invitation, now revoked; its link dies in a moment.", simpleResolvers: true })
export class RevokeInvitationPayload {
  @Field(() => Invitation)
  invitation: Invitation;
}

@ObjectType({ description: "The tenant that is repaired; how that went is in its `provisioning` soon.", simpleResolvers: true })
export class RepairKeycloakDriftPayload {
  @Field(() => Tenant)
  tenant: Tenant;
}
