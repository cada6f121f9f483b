/** Owns the order of the migrations. A migration that has landed is never edited or moved: databases have already run it. */
import type { MigrationInterface } from "typeorm";
import { SeedSchema1700000000001 } from "./1-seed-schema.js";
import { RowSecurity1700000000002 } from "./2-row-security.js";
import { FederationNeeds1700000000003 } from "./3-federation-needs.js";
import { IdempotencyKeys1700000000004 } from "./4-idempotency-keys.js";
import { JobQueue1700000000005 } from "./5-job-queue.js";
import { ProductScope1700000000006 } from "./6-product-scope.js";
import { TenantLifecycle1700000000007 } from "./7-tenant-lifecycle.js";
import { EntitlementSources1700000000008 } from "./8-entitlement-sources.js";
import { Provisioning1700000000009 } from "./9-provisioning.js";
import { ErasureAndExports1700000000010 } from "./10-erasure-and-exports.js";
import { ApiKeys1700000000011 } from "./11-api-keys.js";
import { Tenancy1700000000012 } from "./12-tenancy.js";

/** The position in this list, from 1, is the number that people see and type. */
export const MIGRATIONS: (new () => MigrationInterface)[] = [
  SeedSchema1700000000001,
  RowSecurity1700000000002,
  FederationNeeds1700000000003,
  IdempotencyKeys1700000000004,
  JobQueue1700000000005,
  ProductScope1700000000006,
  TenantLifecycle1700000000007,
  EntitlementSources1700000000008,
  Provisioning1700000000009,
  ErasureAndExports1700000000010,
  ApiKeys1700000000011,
  Tenancy1700000000012,
];
