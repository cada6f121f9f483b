/** Owns how a tenant's policy for its API keys is exposed: fields, access, one call each. */
import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import { Access } from "../kernel/access.js";
import type { RequestContext } from "../kernel/request.js";
import { Tenant } from "../tenant/tenant.entity.js";
import { updateApiKeyPolicy } from "./api-key-policy.changes.js";
import { ApiKeyPolicy, UpdateApiKeyPolicyInput, UpdateApiKeyPolicyPayload } from "./api-key-policy.inputs.js";
import { apiKeyPolicyReads } from "./api-key-policy.reads.js";

@Resolver(() => Tenant)
export class TenantApiKeyPolicyResolver {
  @Access("api_key.read")
  @FieldResolver(() => ApiKeyPolicy, { nullable: true, description: "How long the tenant's new API keys may live." })
  apiKeyPolicy(@Root() { id }: Tenant, @Ctx() { reads }: RequestContext): Promise<ApiKeyPolicy> {
    return reads(apiKeyPolicyReads).ofTenant(id);
  }

  @Access("api_key.update_policy")
  @Mutation(() => UpdateApiKeyPolicyPayload, { description: "Say how long a tenant's new API keys may live." })
  updateApiKeyPolicy(@Arg("input", () => UpdateApiKeyPolicyInput) input: UpdateApiKeyPolicyInput, @Ctx() context: RequestContext): Promise<UpdateApiKeyPolicyPayload> {
    return updateApiKeyPolicy(context, input);
  }
}
