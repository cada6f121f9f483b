/** Owns how the registry's own actions are told to whoever reads its log. */
import { GraphQLJSONObject } from "graphql-scalars";
import { Directive, Field, ObjectType, Query, Resolver } from "type-graphql";
import { Access } from "../kernel/access.js";
import { ACTIONS } from "./audit-event.actions.js";
import { AuditCrud } from "./audit-event.entity.js";

@ObjectType({ description: "An action that the registry records itself. Actions of products are the products' own, and are not listed.", simpleResolvers: true })
export class AuditAction {
  @Field(() => String, { description: "As in `AuditEvent.action`." })
  action: string;

  @Field(() => AuditCrud, { description: "What it does to its target." })
  crud: AuditCrud;

  @Field(() => String, { description: "What happened when it is recorded, in a sentence." })
  description: string;

  @Field(() => Boolean, { description: "Whether its events tell of something that did not succeed." })
  isFailure: boolean;

  @Directive("@cost(weight: 2)")
  @Field(() => GraphQLJSONObject, { description: "JSON Schema, draft 2020-12, that the metadata of its events fits. Events from before it was checked may differ." })
  metadataSchema: Record<string, unknown>;
}

const LISTED: readonly AuditAction[] = Object.entries(ACTIONS)
  .map(([action, { crud, description, isFailure, metadata }]) => ({ action, crud, description, isFailure, metadataSchema: { ...metadata } }))
  .sort((a, b) => (a.action < b.action ? -1 : 1));

@Resolver(() => AuditAction)
export class AuditActionResolver {
  @Access("audit_event.read")
  @Directive(`@listSize(assumedSize: ${LISTED.length})`)
  @Query(() => [AuditAction], { description: "Every action that the registry records itself, by name." })
  auditActions(): readonly AuditAction[] {
    return LISTED;
  }
}
