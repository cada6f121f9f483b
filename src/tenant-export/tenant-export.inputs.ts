/** Owns what may be asked of exports, and what is answered. */
import { GraphQLDateTime } from "graphql-scalars";
import { Field, ID, InputType, ObjectType } from "type-graphql";
import { IdempotencyKey } from "../kernel/validation.js";
import { EXPORT_MINUTES } from "./tenant-export.rules.js";

@InputType({ description: "Which tenant's data to take out." })
export class ExportTenantInput {
  @Field(() => ID, { nullable: true, description: "The tenant; the caller's own when omitted." })
  tenantId?: string | null;

  @IdempotencyKey()
  idempotencyKey?: string | null;
}

@ObjectType({ description: "Where the export can be fetched.", simpleResolvers: true })
export class ExportTenantPayload {
  @Field(() => String, {
    nullable: true,
    description:
      "Address of a ZIP archive with one file for each kind of thing the tenant owns, and a manifest. Whoever knows the address may fetch it, without a token. " +
      "It is shown once: null when the request repeats an earlier one under its idempotency key.",
  })
  downloadUrl: string | null;

  @Field(() => GraphQLDateTime, { description: `Until when a download can begin: ${EXPORT_MINUTES} minutes from now.` })
  expiresAt: Date;
}
