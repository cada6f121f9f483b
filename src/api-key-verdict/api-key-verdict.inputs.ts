/** Owns how one of many keys to verify is given. It is checked where it is asked, as a single one is. */
import { Field, InputType } from "type-graphql";
import { ApiKeyEnvironment } from "../api-key/api-key.entity.js";
import type { AskedKey } from "./api-key-verdict.verifications.js";

/** The same words for one key and for many. */
export const ASKED = {
  key: "The whole key, as it was presented. Send it as a variable: documents are kept in more places than values are.",
  scopes: "What it is to be used for; it must have all of them, letter for letter. At most 50.",
  environment: "Where it was presented; not looked at when omitted.",
  project: "Slug or id of the project of its tenant that it is to touch; another tenant's is none. When omitted, go by the `projectId` of the verdict.",
  clientIp: "The address that it was presented from. A key with a list of addresses is refused without it.",
  acceptReadOnly: "You can serve a frozen tenant without letting it change anything.",
} as const;

@InputType({ description: "A key, and what it is to be used for." })
export class VerifyApiKeyInput implements AskedKey {
  @Field(() => String, { description: ASKED.key })
  key: string;

  @Field(() => [String], { nullable: true, description: ASKED.scopes })
  scopes?: string[] | null;

  @Field(() => ApiKeyEnvironment, { nullable: true, description: ASKED.environment })
  environment?: ApiKeyEnvironment | null;

  @Field(() => String, { nullable: true, description: ASKED.project })
  project?: string | null;

  @Field(() => String, { nullable: true, description: ASKED.clientIp })
  clientIp?: string | null;

  @Field(() => Boolean, { nullable: true, description: ASKED.acceptReadOnly })
  acceptReadOnly?: boolean | null;
}
