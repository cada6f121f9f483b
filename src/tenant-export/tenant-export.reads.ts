/** Owns how an export is found by its address, and how what it holds is read: through the read door, as the tenant's own people would. */
import sql from "sql-template-tag";
import { columnsOf } from "../kernel/columns.js";
import { MAX_PAGE_SIZE } from "../kernel/connection.js";
import { openDoors, type Doors, type House } from "../kernel/doors.js";
import { pageOf } from "../kernel/page.js";
import { Tenant, TenantStatus } from "../tenant/tenant.entity.js";
import { statusAt } from "../tenant/tenant.lifecycle.js";
import type { Page } from "./tenant-export.archive.js";
import type { ExportFile } from "./tenant-export.files.js";
import { hashOf, type Capability } from "./tenant-export.rules.js";

/** An export that was asked for, and its tenant as it is now. */
export interface AskedExport {
  id: string;
  requestedById: string;
  expiresAt: Date;
  tenant: Pick<Tenant, "id" | "slug" | "status">;
}

type AskedRow = Tenant & { exportId: string; requestedById: string; expiresAt: Date };

/** The doors of whoever has the address: that tenant's rows to read, and nothing else. Each statement has `operationMs`. */
export function doorsOf(house: House, { tenantId }: Capability, requestId: string, operationMs: number): Doors {
  return openDoors(house, {
    principal: { kind: "user", subject: "system:export", name: null, roles: [], tenantId },
    origin: { requestId, sourceIp: null, userAgent: null },
    remainingMs: () => operationMs,
    committed: () => undefined,
  });
}

/** Null when there is no such export, and when its tenant is archived, also when no job has noticed yet: nothing is left to take. */
export async function findExport(doors: Doors, { tenantId, secret }: Capability, now: Date): Promise<AskedExport | null> {
  const [row] = await doors.read<AskedRow>(sql`
    select e.id as "exportId", e.requested_by as "requestedById", e.expires_at as "expiresAt", ${columnsOf(Tenant, "t")}
    from tenant_exports e join tenants t on t.id = e.tenant_id where e.tenant_id = ${tenantId} and e.token_hash = ${hashOf(secret)}`);
  if (!row) return null;
  const { exportId: id, requestedById, expiresAt, ...tenant } = row;
  const status = statusAt(tenant, now);
  return status === TenantStatus.ARCHIVED ? null : { id, requestedById, expiresAt, tenant: { id: tenant.id, slug: tenant.slug, status } };
}

/** Up to {@link MAX_PAGE_SIZE} lines of a file. */
export async function pageOfFile(doors: Doors, { listing }: ExportFile, after: string | null): Promise<Page> {
  const { nodes, pageInfo } = await pageOf<{ line: string }>(doors, listing, { first: MAX_PAGE_SIZE, after });
  return { lines: nodes.map(({ line }) => line), next: pageInfo.hasNextPage ? pageInfo.endCursor : null };
}
