/** Owns how exports are exposed: one mutation. The archive itself is plain HTTP. */
import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import { Access } from "../kernel/access.js";
import type { RequestContext } from "../kernel/request.js";
import { exportTenant } from "./tenant-export.changes.js";
import { ExportTenantInput, ExportTenantPayload } from "./tenant-export.inputs.js";

@Resolver()
export class TenantExportResolver {
  @Access("tenant.export")
  @Mutation(() => ExportTenantPayload, { description: "Take out everything that the tenant owns, without secrets; possible until it is archived." })
  exportTenant(@Arg("input", () => ExportTenantInput) input: ExportTenantInput, @Ctx() context: RequestContext): Promise<ExportTenantPayload> {
    return exportTenant(context, input);
  }
}
