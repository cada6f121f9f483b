/** Owns what an invitation is: its row and its GraphQL type. Address and name are personal data, and go with the tenant. */
import { GraphQLDateTime } from "graphql-scalars";
import { Field, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryGeneratedColumn, VersionColumn } from "typeorm";
import { Tenant } from "../tenant/tenant.entity.js";

export enum InvitationState {
  PENDING = "pending",
  ACCEPTED = "accepted",
  EXPIRED = "expired",
  REVOKED = "revoked",
}

/** What Keycloak has still to be asked for an invitation. */
export enum Errand {
  INVITE = "invite",
  RESEND = "resend",
  WITHDRAW = "withdraw",
  /** Whoever accepted is to become an administrator. */
  GRANT = "grant",
}

registerEnumType(InvitationState, {
  name: "InvitationState",
  description: "What has become of an invitation.",
  valuesConfig: {
    PENDING: { description: "Waits to be accepted; not sent yet as long as `sentAt` is null." },
    ACCEPTED: { description: "The person is a member." },
    EXPIRED: { description: "It was not accepted in time, or is no longer valid at the identity provider; it can be sent again." },
    REVOKED: { description: "Taken back." },
  },
});

@Entity("tenant_invitations")
@Check("tenant_invitations_email_check", "email = lower(email)")
@Index("tenant_invitations_live_key", ["tenantId", "email"], { unique: true, where: "state = 'pending'" })
@Index("tenant_invitations_created_idx", ["tenantId", "createdAt", "id"])
@ObjectType({ description: "A person who was invited into a tenant.", simpleResolvers: true })
export class Invitation {
  @PrimaryGeneratedColumn("uuid", { name: "id", primaryKeyConstraintName: "tenant_invitations_pkey" })
  @Field(() => ID)
  id: string;

  @Column("uuid", { name: "tenant_id" })
  @ForeignKey(() => Tenant, { name: "tenant_invitations_tenant_id_fkey", onDelete: "CASCADE" })
  tenantId: string;

  @Column("text", { name: "email" })
  @Field(() => String, { description: "Address that it was sent to, in lower case." })
  email: string;

  @Column("text", { name: "name" })
  @Field(() => String, { description: "The person's name." })
  name: string;

  /** As stored; what is true now is told by `invitationStateAt`. */
  @Column("enum", { name: "state", enum: InvitationState, enumName: "invitation_state", default: InvitationState.PENDING })
  state: InvitationState;

  @Column("enum", { name: "errand", enum: Errand, enumName: "invitation_errand", nullable: true })
  errand: Errand | null;

  @Column("timestamptz", { name: "sent_at", nullable: true })
  @Field(() => GraphQLDateTime, { nullable: true, description: "When the last mail was sent." })
  sentAt: Date | null;

  @Column("timestamptz", { name: "expires_at", nullable: true })
  @Field(() => GraphQLDateTime, { nullable: true, description: "Until when the last mail's link can be used." })
  expiresAt: Date | null;

  @Column("timestamptz", { name: "accepted_at", nullable: true })
  @Field(() => GraphQLDateTime, { nullable: true, description: "When it was seen to be accepted." })
  acceptedAt: Date | null;

  @Column("timestamptz", { name: "role_granted_at", nullable: true })
  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: "When the person was made an administrator of the tenant; null before, and for one who accepted what was revoked, and is only a member.",
  })
  roleGrantedAt: Date | null;

  @CreateDateColumn({ type: "timestamptz", name: "created_at" })
  @Field(() => GraphQLDateTime)
  createdAt: Date;

  @VersionColumn({ type: "integer", name: "version", default: 1 })
  @Field(() => Int, { description: "Grows by one with every change." })
  version: number;
}
