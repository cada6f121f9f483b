/** Owns how a leaked key is reported in the graph: access, and one call. */
import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import { Access } from "../kernel/access.js";
import type { RequestContext } from "../kernel/request.js";
import { ReportLeakedApiKeyInput, ReportLeakedApiKeyPayload } from "./api-key-leak.inputs.js";
import { reportLeakedApiKey } from "./api-key-leak.desk.js";

@Resolver()
export class LeakedApiKeyResolver {
  @Access("api_key.report_leak")
  @Mutation(() => ReportLeakedApiKeyPayload, { description: "Revoke a key that was found where it should not be. A tenant's admin reports its own tenant's; any other is not there." })
  reportLeakedApiKey(@Arg("input", () => ReportLeakedApiKeyInput) input: ReportLeakedApiKeyInput, @Ctx() context: RequestContext): Promise<ReportLeakedApiKeyPayload> {
    return reportLeakedApiKey(context, input);
  }
}
