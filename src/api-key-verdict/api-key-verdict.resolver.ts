/** Owns how products' services ask about keys in the graph: access, one call each. */
import { Arg, Ctx, Directive, Query, Resolver } from "type-graphql";
import { Access } from "../kernel/access.js";
import { AnsweredBy } from "../kernel/plain-query.js";
import { PostOnly } from "../kernel/post-only.js";
import type { RequestContext } from "../kernel/request.js";
import { ApiKeyVerdict } from "./api-key-verdict.answers.js";
import { ApiKeyEnvironment } from "../api-key/api-key.entity.js";
import { MAX_VERIFIED, verifyApiKey, verifyApiKeys } from "./api-key-verdict.verifications.js";
import { ASKED, VerifyApiKeyInput } from "./api-key-verdict.inputs.js";

@Resolver()
export class VerifyApiKeyResolver {
  /** Asked at every request that a product gets: scalars and no input object, so that nothing is done but what a verdict needs. */
  @Access("api_key.verify")
  @PostOnly()
  @AnsweredBy(verifyApiKey)
  @Query(() => ApiKeyVerdict, {
    description: "What may be done with an API key of the caller's own product now. For products' services, with POST only. A failure is an error that can be retried, and never a verdict.",
  })
  verifyApiKey(
    @Arg("key", () => String, { description: ASKED.key }) key: string,
    @Arg("scopes", () => [String], { nullable: true, description: ASKED.scopes }) scopes: string[] | null | undefined,
    @Arg("environment", () => ApiKeyEnvironment, { nullable: true, description: ASKED.environment }) environment: ApiKeyEnvironment | null | undefined,
    @Arg("project", () => String, { nullable: true, description: ASKED.project }) project: string | null | undefined,
    @Arg("clientIp", () => String, { nullable: true, description: ASKED.clientIp }) clientIp: string | null | undefined,
    @Arg("acceptReadOnly", () => Boolean, { defaultValue: false, description: ASKED.acceptReadOnly }) acceptReadOnly: boolean,
    @Ctx() context: RequestContext,
  ): ApiKeyVerdict | Promise<ApiKeyVerdict> {
    return verifyApiKey(context, { key, scopes, environment, project, clientIp, acceptReadOnly });
  }

  @Access("api_key.verify")
  @PostOnly()
  @Directive(`@listSize(assumedSize: ${MAX_VERIFIED})`)
  @Query(() => [ApiKeyVerdict], { description: `As \`verifyApiKey\`, for 1 to ${MAX_VERIFIED} keys, in their order. A failure is one of them all.` })
  verifyApiKeys(@Arg("keys", () => [VerifyApiKeyInput], { description: `1 to ${MAX_VERIFIED} keys, each with what it is to be used for.` }) keys: VerifyApiKeyInput[], @Ctx() context: RequestContext): Promise<ApiKeyVerdict[]> {
    return verifyApiKeys(context, keys);
  }
}
