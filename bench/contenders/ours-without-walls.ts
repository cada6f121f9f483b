/** Owns the contender "ours without walls": the real schema and server on doors that set no scope. The product has no such switch. */
import { pino } from "pino";
import { recordChange } from "../../src/audit-event/audit-event.recorder.js";
import { loadCatalog } from "../../src/catalog/catalog.file.js";
import { loadPlatform } from "../../src/platform/platform.file.js";
import { BOUNDS, readConfig } from "../../src/config.js";
import { openDataSource } from "../../src/database/data-source.js";
import { openBearer } from "../../src/kernel/bearer.js";
import { DEFAULT_CLAIMS_MAPPING, identityFrom, type Identity } from "../../src/kernel/claims.js";
import type { House } from "../../src/kernel/doors.js";
import { keyRetention } from "../../src/kernel/idempotency-retention.js";
import type { Principal } from "../../src/kernel/principal.js";
import { RequestContext, type Facilities } from "../../src/kernel/request.js";
import { rememberVerified } from "../../src/kernel/verified-tokens.js";
import { openOnboarding } from "../../src/provisioning/provisioning.onboarding.js";
import { buildRegistrySchema, ENTITIES } from "../../src/schema.js";
import { buildServer } from "../../src/server.js";
import { openKeys } from "../../src/service.keys.js";
import { tenantAdmission } from "../../src/tenant/tenant.admission.js";
import { openTenantDirectory } from "../../src/tenant/tenant.directory.js";
import { openClaimsTeller } from "../../src/tenant-claims/tenant-claims.teller.js";
import { openTenantUsage } from "../../src/tenant-usage/tenant-usage.collector.js";
import { tenantUsageRetention } from "../../src/tenant-usage/tenant-usage.retention.js";
import { openPlainDoors } from "./plain-doors.js";

const config = readConfig();
if (!config.database || !config.issuer) throw new Error("this contender needs DATABASE_URL and KEYCLOAK_ISSUER");
const log = pino({ level: config.logLevel });
const now = () => new Date();
const dataSource = await openDataSource({
  ...config.database,
  entities: ENTITIES,
  statementTimeoutMs: BOUNDS.statementMs,
  lockTimeoutMs: BOUNDS.lockMs,
  idleInTransactionTimeoutMs: BOUNDS.idleInTransactionMs,
  connectTimeoutMs: BOUNDS.connectMs,
  silenceTimeoutMs: BOUNDS.statementMs + BOUNDS.connectMs,
  genericPlans: true,
});
const house: House = {
  dataSource,
  admit: tenantAdmission(now),
  record: recordChange,
  limits: { statementTimeoutMs: BOUNDS.statementMs, maxWaiting: 1_000 },
};
const catalog = await loadCatalog(config.catalogFile);
const directory = openTenantDirectory(house, BOUNDS.operationMs, now);
/** What no workload asks for has walls still: claims and keys are read at doors of their own, and there are no jobs. */
const facilities: Facilities = {
  ...openKeys({ house, config, catalog, now, log }).facilities,
  forgetKeys: keyRetention(house),
  usage: openTenantUsage({ house, now, log, everyMs: 60_000 }),
  forgetTenantUsage: tenantUsageRetention(house),
  catalog,
  demo: { tenants: [] },
  platform: await loadPlatform(config.platformFile),
  publicUrl: config.publicUrl,
  tenantDirectory: directory,
  tenantClaims: openClaimsTeller({ house, directory, catalog, now, log, budgetMs: config.claimsBudgetMs }),
  keycloak: null,
  portalUrl: config.portalUrl,
  onboarding: openOnboarding(null, null),
};
const verifier = openBearer({ issuer: config.issuer, audience: config.token.audience, profile: config.token.profile, allowHttp: true, now, log });
const bearer = rememberVerified(verifier, now);

/** The benchmark's tokens name tenants by id, so that there is no organisation to look up. */
function principalOf(identity: Identity): Principal {
  if (identity.kind !== "user") return { ...identity, tenantId: null };
  const { tenants, ...person } = identity;
  return { ...person, tenantId: tenants[0]?.value ?? null };
}

const { app } = await buildServer({
  schema: buildRegistrySchema().schema,
  context: async (request) => {
    const headers = request.raw.headersDistinct;
    const verified = await bearer.verify(headers["authorization"] ?? []);
    const principal = verified && principalOf(identityFrom(verified, DEFAULT_CLAIMS_MAPPING));
    const origin = { requestId: request.id, sourceIp: request.ip, userAgent: headers["user-agent"]?.[0] ?? null };
    const doors = openPlainDoors(house, { principal, origin, remainingMs: () => BOUNDS.operationMs, committed: () => context.forget() });
    const context: RequestContext = new RequestContext(
      request.id,
      request.log.child(principal ? { principal: principal.subject, tenant: principal.tenantId } : { principal: null }),
      principal,
      doors,
      now,
      facilities,
    );
    return context;
  },
  readiness: {},
  introspection: false,
  log,
});
await app.listen(config.listen);
