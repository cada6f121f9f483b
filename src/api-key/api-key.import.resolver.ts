/** Owns how keys that another service made are brought here: access, one call. */
import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import { Access } from "../kernel/access.js";
import type { RequestContext } from "../kernel/request.js";
import { importApiKeys } from "./api-key.import.js";
import { ImportApiKeysInput, ImportApiKeysPayload } from "./api-key.import.inputs.js";

@Resolver()
export class ApiKeyImportResolver {
  @Access("api_key.import")
  @Mutation(() => ImportApiKeysPayload, {
    description: "Take over API keys that another service made, by their hashes. They are verified where the registry is set to look for imported keys. Platform operators only.",
  })
  importApiKeys(@Arg("input", () => ImportApiKeysInput) input: ImportApiKeysInput, @Ctx() context: RequestContext): Promise<ImportApiKeysPayload> {
    return importApiKeys(context, input);
  }
}
