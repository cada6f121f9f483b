/** Owns how retention, legal hold and erasure of a person are exposed: fields, access, one call each. */
import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import { Access } from "../kernel/access.js";
import type { RequestContext } from "../kernel/request.js";
import { Tenant } from "../tenant/tenant.entity.js";
import { placeLegalHold, releaseLegalHold, setAuditRetention } from "./audit-retention.changes.js";
import { eraseAuditPerson } from "./audit-retention.erasure.js";
import {
  AuditPolicy,
  EraseAuditPersonInput,
  EraseAuditPersonPayload,
  PlaceLegalHoldInput,
  PlaceLegalHoldPayload,
  ReleaseLegalHoldInput,
  ReleaseLegalHoldPayload,
  SetAuditRetentionInput,
  SetAuditRetentionPayload,
} from "./audit-retention.inputs.js";
import { auditPolicyReads } from "./audit-retention.reads.js";

@Resolver(() => Tenant)
export class TenantAuditPolicyResolver {
  @Access("audit_event.read")
  @FieldResolver(() => AuditPolicy, { nullable: true, description: "For how long the tenant's audit events are kept, and whether they are held." })
  auditPolicy(@Root() { id }: Tenant, @Ctx() { reads }: RequestContext): Promise<AuditPolicy> {
    return reads(auditPolicyReads).ofTenant(id);
  }
}

@Resolver()
export class AuditRetentionResolver {
  @Access("audit.set_retention")
  @Mutation(() => SetAuditRetentionPayload, { description: "Say for how long a tenant's audit events are kept." })
  setAuditRetention(@Arg("input", () => SetAuditRetentionInput) input: SetAuditRetentionInput, @Ctx() context: RequestContext): Promise<SetAuditRetentionPayload> {
    return setAuditRetention(context, input);
  }

  @Access("audit.place_hold")
  @Mutation(() => PlaceLegalHoldPayload, { description: "Keep every audit event of a tenant, however old, until the hold is released. Done twice, it is as if done once." })
  placeLegalHold(@Arg("input", () => PlaceLegalHoldInput) input: PlaceLegalHoldInput, @Ctx() context: RequestContext): Promise<PlaceLegalHoldPayload> {
    return placeLegalHold(context, input);
  }

  @Access("audit.release_hold")
  @Mutation(() => ReleaseLegalHoldPayload, { description: "End a tenant's legal hold. What has become due meanwhile is then deleted. Done twice, it is as if done once." })
  releaseLegalHold(@Arg("input", () => ReleaseLegalHoldInput) input: ReleaseLegalHoldInput, @Ctx() context: RequestContext): Promise<ReleaseLegalHoldPayload> {
    return releaseLegalHold(context, input);
  }

  @Access("audit.erase_person")
  @Mutation(() => EraseAuditPersonPayload, { description: "Take a person out of a tenant's audit events. The events stay, and can still be verified." })
  eraseAuditPerson(@Arg("input", () => EraseAuditPersonInput) input: EraseAuditPersonInput, @Ctx() context: RequestContext): Promise<EraseAuditPersonPayload> {
    return eraseAuditPerson(context, input);
  }
}
