/** Owns which feature does which kind of job. It belongs to the composition root, because no feature knows all the others. */
import { pruneKeyUsage } from "./api-key-usage/api-key-usage.retention.js";
import { resetDemos } from "./demo/demo.reset.js";
import { advanceEntitlements, sweepEntitlements } from "./entitlement/entitlement.deadlines.js";
import type { JobHandlers } from "./job/job.handlers.js";
import { pruneIdempotencyKeys } from "./kernel/idempotency-retention.js";
import { provisionTenant } from "./provisioning/provisioning.run.js";
import { sweepProvisioning } from "./provisioning/provisioning.sweep.js";
import { advanceTenant, sweepDeadlines } from "./tenant/tenant.deadlines.js";
import { pruneTenantUsage } from "./tenant-usage/tenant-usage.retention.js";

export const JOB_HANDLERS: JobHandlers = {
  "api_key_usage.prune": pruneKeyUsage,
  "deadlines.sweep": async (context) => [...(await sweepDeadlines(context)), ...(await sweepEntitlements(context))],
  "demo.reset": resetDemos,
  "idempotency.prune": pruneIdempotencyKeys,
  "provisioning.sweep": sweepProvisioning,
  "tenant.advance": async (context, tenant) => {
    await advanceTenant(context, tenant);
    await advanceEntitlements(context, tenant);
  },
  "tenant.provision": provisionTenant,
  "tenant_usage.prune": pruneTenantUsage,
};
