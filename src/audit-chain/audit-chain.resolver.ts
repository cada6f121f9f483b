/** Owns how chain, checkpoints and proofs are exposed: fields, access, one call each. */
import { Arg, Ctx, Directive, FieldResolver, ID, Int, Query, Resolver, Root } from "type-graphql";
import { AuditEvent } from "../audit-event/audit-event.entity.js";
import { auditEventReads } from "../audit-event/audit-event.reads.js";
import { Access } from "../kernel/access.js";
import { DEFAULT_PAGE_SIZE } from "../kernel/connection.js";
import type { RequestContext } from "../kernel/request.js";
import { chainOf, MAX_CHECKPOINTS, numberFrom, sizeFrom } from "./audit-chain.question.js";
import { auditChainReads } from "./audit-chain.reads.js";
import { AuditCheckpoint, AuditConsistencyProof, AuditHorizon, AuditInclusionProof, AuditSettlement, AuditSigningKey } from "./audit-chain.types.js";

const TENANT = { nullable: true, description: "The caller's own when omitted; staff name one." };
const CHECKPOINT = "Number of a checkpoint.";

@Resolver(() => AuditEvent)
export class AuditSettlementResolver {
  @Access("audit_event.read")
  @FieldResolver(() => AuditSettlement, { nullable: true, description: "Its place in the chain; null until it is settled, which is soon after it was recorded." })
  settlement(@Root() event: AuditEvent, @Ctx() { reads }: RequestContext): Promise<AuditSettlement | null> {
    return reads(auditChainReads).settlementOf(event);
  }
}

@Resolver()
export class AuditChainResolver {
  @Access("audit_event.read")
  @Directive(`@listSize(assumedSize: ${DEFAULT_PAGE_SIZE}, slicingArguments: ["first"], requireOneSlicingArgument: false)`)
  @Query(() => [AuditCheckpoint], { description: "The checkpoints of a tenant's audit log in the order in which they were signed: for whoever keeps them elsewhere." })
  async auditCheckpoints(
    @Arg("tenantId", () => ID, TENANT) tenantId: string | null,
    @Arg("after", () => String, { nullable: true, description: "Number of the last one that is known already." }) after: string | null | undefined,
    @Arg("first", () => Int, { nullable: true, description: `How many, at most ${MAX_CHECKPOINTS}; ${DEFAULT_PAGE_SIZE} when omitted.` }) first: number | null | undefined,
    @Ctx() { reads, principal }: RequestContext,
  ): Promise<AuditCheckpoint[]> {
    const chain = chainOf(principal, tenantId, "tenantId");
    const [from, size] = [numberFrom(after ?? "0", "after"), sizeFrom(first ?? DEFAULT_PAGE_SIZE)];
    return chain === null ? [] : reads(auditChainReads).checkpoints(chain, from, size);
  }

  @Access("audit_event.read")
  @Query(() => AuditCheckpoint, { nullable: true, description: "One checkpoint of a tenant's audit log; null when there is none for this caller." })
  async auditCheckpoint(
    @Arg("tenantId", () => ID, TENANT) tenantId: string | null,
    @Arg("number", () => String, { nullable: true, description: "Its number; the newest when omitted." }) number: string | null | undefined,
    @Ctx() { reads, principal }: RequestContext,
  ): Promise<AuditCheckpoint | null> {
    const chain = chainOf(principal, tenantId, "tenantId");
    const wanted = number == null ? null : numberFrom(number, "number");
    return chain === null ? null : reads(auditChainReads).checkpoint(chain, wanted);
  }

  @Access("audit_event.read")
  @Query(() => AuditHorizon, { description: "How far a tenant's audit log is settled." })
  async auditHorizon(@Arg("tenantId", () => ID, TENANT) tenantId: string | null, @Ctx() { reads, principal, facilities }: RequestContext): Promise<AuditHorizon> {
    const chain = chainOf(principal, tenantId, "tenantId");
    return chain === null ? { position: "0", oldestUnsettledAt: null } : reads(auditChainReads).horizon(chain, await facilities.notary.cursor());
  }

  @Access("audit_event.read")
  @Query(() => AuditInclusionProof, {
    nullable: true,
    description: "Proof that an event is among those that a checkpoint covers; null when it is not, when there is no such event or checkpoint for this caller, and when what the proof is made of has been deleted after its retention.",
  })
  async auditInclusionProof(
    @Arg("eventId", () => ID, { description: "The event's id." }) eventId: string,
    @Arg("checkpoint", () => String, { nullable: true, description: `${CHECKPOINT} The newest when omitted.` }) checkpoint: string | null | undefined,
    @Ctx() { reads }: RequestContext,
  ): Promise<AuditInclusionProof | null> {
    const wanted = checkpoint == null ? null : numberFrom(checkpoint, "checkpoint");
    const event = await reads(auditEventReads).byId.load(eventId);
    return event && reads(auditChainReads).inclusionProof(event, wanted);
  }

  @Access("audit_event.read")
  @Query(() => AuditConsistencyProof, {
    nullable: true,
    description: "Proof that what one checkpoint covers is the beginning of what another one covers; null when it covers more, when there is no such checkpoint for this caller, and when what the proof is made of has been deleted after its retention.",
  })
  async auditConsistencyProof(
    @Arg("tenantId", () => ID, TENANT) tenantId: string | null,
    @Arg("from", () => String, { description: CHECKPOINT }) from: string,
    @Arg("to", () => String, { description: CHECKPOINT }) to: string,
    @Ctx() { reads, principal }: RequestContext,
  ): Promise<AuditConsistencyProof | null> {
    const chain = chainOf(principal, tenantId, "tenantId");
    const [one, other] = [numberFrom(from, "from"), numberFrom(to, "to")];
    return chain === null ? null : reads(auditChainReads).consistencyProof(chain, one, other);
  }

  @Access("audit_event.read")
  @Directive("@listSize(assumedSize: 5)")
  @Query(() => [AuditSigningKey], { description: "The keys that checkpoints are or were signed with, the one that signs now first. They are also at /.well-known/audit-keys.json." })
  auditSigningKeys(@Ctx() { facilities }: RequestContext): AuditSigningKey[] {
    return facilities.auditKeys.map((jwk) => ({ id: jwk.kid, jwk }));
  }
}
