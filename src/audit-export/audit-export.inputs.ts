/** Owns what may be asked of exports of the audit log, and what is answered. */
import { GraphQLDateTime } from "graphql-scalars";
import { Field, ID, InputType, ObjectType, registerEnumType } from "type-graphql";
import { AuditEventFilter } from "../audit-event/audit-event.inputs.js";
import { QUERY_DESCRIPTION } from "../audit-event/audit-event.query.js";
import { AuditExportFormat, EXPORT_MINUTES } from "./audit-export.rules.js";

registerEnumType(AuditExportFormat, {
  name: "AuditExportFormat",
  description: "How an export of the audit log is written.",
  valuesConfig: {
    NDJSON: {
      description:
        "A line of JSON for each event, with what proves it. Without filter and query it can be verified offline: that it is what the registry recorded, and that nothing is missing.",
    },
    CSV: { description: "A table for people, with a line of column names. A cell that a spreadsheet would take for a formula begins with an apostrophe." },
  },
});

@InputType({ description: "What of a tenant's audit log to take out. Without filter and query it is the whole log." })
export class ExportAuditEventsInput {
  @Field(() => ID, { nullable: true, description: "The tenant; the caller's own when omitted." })
  tenantId?: string | null;

  @Field(() => AuditExportFormat, { description: "How it is written." })
  format: AuditExportFormat;

  @Field(() => AuditEventFilter, { nullable: true, description: "Only events for which all of it holds." })
  filter?: AuditEventFilter | null;

  @Field(() => String, { nullable: true, description: QUERY_DESCRIPTION })
  query?: string | null;
}

@ObjectType({ description: "Where the export can be fetched.", simpleResolvers: true })
export class ExportAuditEventsPayload {
  @Field(() => String, {
    description:
      "Address of the file. Whoever knows it may fetch it, without a token and as often as needed; each time it goes as far as the log goes then. " +
      "A download that was cut off is continued with `?after=` and the position of its last whole event; what came behind that event is removed before.",
  })
  downloadUrl: string;

  @Field(() => GraphQLDateTime, { description: `Until when a download can begin: ${EXPORT_MINUTES} minutes from now.` })
  expiresAt: Date;
}
