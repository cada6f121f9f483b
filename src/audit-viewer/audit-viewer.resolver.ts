/** Owns how viewer tokens are exposed: one mutation. */
import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import { Access } from "../kernel/access.js";
import type { RequestContext } from "../kernel/request.js";
import { createAuditViewerToken } from "./audit-viewer.changes.js";
import { CreateAuditViewerTokenInput, CreateAuditViewerTokenPayload } from "./audit-viewer.inputs.js";
import { VIEWER_TOKEN_MINUTES } from "./audit-viewer.tokens.js";

@Resolver()
export class AuditViewerTokenResolver {
  @Access("audit.create_viewer_token")
  @Mutation(() => CreateAuditViewerTokenPayload, {
    description: `Make a token with which a page can read a tenant's audit log for ${VIEWER_TOKEN_MINUTES} minutes, and do nothing else. That it was made, and that it was used, is recorded.`,
  })
  createAuditViewerToken(
    @Arg("input", () => CreateAuditViewerTokenInput) input: CreateAuditViewerTokenInput,
    @Ctx() context: RequestContext,
  ): Promise<CreateAuditViewerTokenPayload> {
    return createAuditViewerToken(context, input);
  }
}
