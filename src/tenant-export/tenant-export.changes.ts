/** Owns how an export is asked for: one change, one event. How it is fetched is `tenant-export.endpoint.ts`. */
import { randomUUID } from "node:crypto";
import { once } from "../kernel/idempotency.js";
import { insertRow } from "../kernel/insert.js";
import type { RequestContext } from "../kernel/request.js";
import { Tenant } from "../tenant/tenant.entity.js";
import { TenantExport } from "./tenant-export.entity.js";
import type { ExportTenantInput, ExportTenantPayload } from "./tenant-export.inputs.js";
import { capabilityText, EXPORT_PATH, expiryOf, hashOf, newSecret } from "./tenant-export.rules.js";

declare module "../kernel/request.js" {
  interface Facilities {
    /** Address under which callers reach this service, without a trailing slash. */
    publicUrl: string;
  }
}

/**
 * Let the tenant's data be fetched for a while, from an address that is proof enough by itself: browsers fetch it without a token.
 *
 * The archive is made while it is fetched, so it is as of then, and nothing of it is stored. The address holds a secret of 256 bits
 * of which only the hash is kept; whoever repeats the request under its idempotency key is not told it again.
 *
 * Faults  NOT_FOUND for a tenant that is not the caller's; TENANT_READ_ONLY when it is archived, not when it is frozen;
 *         CONFLICT(idempotencyKey) when the key was used for another tenant.
 * Audit   `tenant.export`, target = the export. Fetching it adds nothing: it shows in the log.
 * Source  DESIGN §3: "a data export can be taken until then".
 */
export async function exportTenant({ doors, principal, now, facilities }: RequestContext, input: ExportTenantInput): Promise<ExportTenantPayload> {
  const home = doors.within(input.tenantId);
  const { tenantId } = home;
  const [id, secret, expiresAt] = [randomUUID(), newSecret(), expiryOf(now())];
  const asked = await home.change(
    "tenant.export",
    async (tx) => {
      const { slug } = await tx.findOneByOrFail(Tenant, { id: tenantId });
      await insertRow(tx, TenantExport, { id, tenantId, requestedById: principal.subject, tokenHash: hashOf(secret), expiresAt });
      return { value: { id, expiresAt }, audit: [{ target: { type: "tenant_export", id, name: slug }, metadata: { expiresAt } }] };
    },
    once("exportTenant", input, { id: String, expiresAt: Date }),
  );
  const downloadUrl = asked.id === id ? `${facilities.publicUrl}${EXPORT_PATH}${capabilityText({ tenantId, secret })}` : null;
  return { downloadUrl, expiresAt: asked.expiresAt };
}
