/** Owns how exports of the audit log are exposed: one mutation. The file itself is plain HTTP. */
import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import { Access } from "../kernel/access.js";
import type { RequestContext } from "../kernel/request.js";
import { exportAuditEvents } from "./audit-export.changes.js";
import { ExportAuditEventsInput, ExportAuditEventsPayload } from "./audit-export.inputs.js";

@Resolver()
export class AuditExportResolver {
  @Access("audit.export")
  @Mutation(() => ExportAuditEventsPayload, { description: "Take out a tenant's audit log, or a part of it; possible in every state of the tenant. Who fetches it is recorded too." })
  exportAuditEvents(@Arg("input", () => ExportAuditEventsInput) input: ExportAuditEventsInput, @Ctx() context: RequestContext): Promise<ExportAuditEventsPayload> {
    return exportAuditEvents(context, input);
  }
}
