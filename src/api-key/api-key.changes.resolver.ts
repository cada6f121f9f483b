/** Owns how the changes of API keys are exposed: access, one call each. */
import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import { Access } from "../kernel/access.js";
import type { RequestContext } from "../kernel/request.js";
import { createApiKey, revokeApiKey, rotateApiKey } from "./api-key.changes.js";
import { CreateApiKeyInput, RevokeApiKeyInput, RotateApiKeyInput } from "./api-key.inputs.js";
import { CreateApiKeyPayload, RevokeApiKeyPayload, RotateApiKeyPayload } from "./api-key.payloads.js";

@Resolver()
export class ApiKeyChangesResolver {
  @Access("api_key.create")
  @Mutation(() => CreateApiKeyPayload, { description: "Create an API key for one of the tenant's products. The answer holds the key itself, once." })
  createApiKey(@Arg("input", () => CreateApiKeyInput) input: CreateApiKeyInput, @Ctx() context: RequestContext): Promise<CreateApiKeyPayload> {
    return createApiKey(context, input);
  }

  @Access("api_key.rotate")
  @Mutation(() => RotateApiKeyPayload, {
    description: "Put a new API key in the place of one that works. It may do the same, has the same name, and the answer holds it, once; the other works on for as long as was asked.",
  })
  rotateApiKey(@Arg("input", () => RotateApiKeyInput) input: RotateApiKeyInput, @Ctx() context: RequestContext): Promise<RotateApiKeyPayload> {
    return rotateApiKey(context, input);
  }

  @Access("api_key.revoke")
  @Mutation(() => RevokeApiKeyPayload, { description: "End an API key at once and for good. Revoking one that has been revoked, or whose time beside its successor is over, changes nothing." })
  revokeApiKey(@Arg("input", () => RevokeApiKeyInput) input: RevokeApiKeyInput, @Ctx() context: RequestContext): Promise<RevokeApiKeyPayload> {
    return revokeApiKey(context, input);
  }
}
