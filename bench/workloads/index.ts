/** Owns the list of workloads, in the order of the table. */
import { auditPage } from "./audit-page.js";
import { createProject } from "./create-project.js";
import { entities } from "./entities.js";
import { operatorPage } from "./operator-page.js";
import { tenantBySlug } from "./tenant-by-slug.js";
import { typename, typenameWithToken } from "./typename.js";
import type { Workload } from "./workload.js";

export const WORKLOADS: readonly Workload[] = [tenantBySlug, entities, auditPage, operatorPage, typename, typenameWithToken, createProject];
