/** Owns the composition of the running service: databases, callers, doors, schema and server, put together in one place. */
import type { FastifyBaseLogger } from "fastify";
import type { Logger } from "pino";
import type { DataSource } from "typeorm";
import { leaksEndpoint } from "./api-key-leak/api-key-leak.endpoint.js";
import { recordChange } from "./audit-event/audit-event.recorder.js";
import type { Catalog } from "./catalog/catalog.js";
import { BOUNDS, type Config, type OwnerConfig } from "./config.js";
import { contextMaker } from "./context.js";
import { refuseUnfitRoles, RoleRefusedError, SERVICE_ROLE } from "../migrations/door-roles.js";
import { MIGRATIONS } from "../migrations/index.js";
import { openDataSource } from "./database/data-source.js";
import type { EmbeddedDatabase } from "./database/embedded.js";
import type { DemoSnapshot } from "./demo/demo.js";
import { unfitLogin } from "./database/login.js";
import { missing } from "./database/migrate.js";
import { JOB_HANDLERS } from "./job-handlers.js";
import type { JobHandlers } from "./job/job.handlers.js";
import { openJobs, type Jobs } from "./job/job.worker.js";
import { openBearer } from "./kernel/bearer.js";
import { DEFAULT_CLAIMS_MAPPING } from "./kernel/claims.js";
import type { House } from "./kernel/doors.js";
import { keyRetention } from "./kernel/idempotency-retention.js";
import type { Facilities } from "./kernel/request.js";
import { rememberVerified } from "./kernel/verified-tokens.js";
import { openKeycloak } from "./keycloak/keycloak.client.js";
import type { Keycloak, KeycloakError } from "./keycloak/keycloak.js";
import type { Platform } from "./platform/platform.js";
import { openOnboarding } from "./provisioning/provisioning.onboarding.js";
import { buildRegistrySchema, ENTITIES } from "./schema.js";
import { buildServer, type RegistryServer } from "./server.js";
import { openKeys, type Keys } from "./service.keys.js";
import { tenantAdmission } from "./tenant/tenant.admission.js";
import { claimsEndpoint } from "./tenant-claims/tenant-claims.endpoint.js";
import { openClaimsTeller } from "./tenant-claims/tenant-claims.teller.js";
import { exportEndpoint } from "./tenant-export/tenant-export.endpoint.js";
import { openHierarchy } from "./tenancy/tenancy.hierarchy.js";
import { openTenantDirectory } from "./tenant/tenant.directory.js";
import { openTenantUsage, type TenantUsage } from "./tenant-usage/tenant-usage.collector.js";
import { tenantUsageRetention } from "./tenant-usage/tenant-usage.retention.js";

/** Callers that may wait for one of the pool's connections, for each of them. */
const WAITING_PER_CONNECTION = 20;
const WAITING_EMBEDDED = 1_000;
/** Jobs of one instance at the same time: as many of the pool's connections may be theirs. The embedded database has one for everything. */
const JOBS_AT_ONCE = 2;
/** How often it is written how much tenants use the registry. Whoever tries it out on the embedded database wants to see it. */
const WRITE_USAGE_MS = 60_000;
const WRITE_USAGE_EMBEDDED_MS = 5_000;

export interface ServiceParts {
  config: Config;
  log: Logger;
  dataSource: DataSource;
  catalog: Catalog;
  demo: DemoSnapshot;
  platform: Platform;
  now?: () => Date;
  /** Where tokens come from when the configuration names no issuer. */
  developmentIssuer?: string;
  /** Used when the configuration names no Keycloak. */
  keycloak?: Keycloak;
  /** What jobs do; tests of the queue bring their own. */
  jobHandlers?: Partial<JobHandlers>;
}

export interface Service extends RegistryServer {
  /** Started by whoever wants jobs to be run here, and stopped by {@link close}. */
  jobs: Jobs;
  /** The work around API keys that goes on by itself; started and stopped in the same way. */
  keys: Pick<Keys, "start">;
  /** The counting of how much tenants use the registry; what is counted is written again and again once it is started, and by {@link close}. */
  usage: Pick<TenantUsage, "start" | "flush">;
  /** Say in the log what the service does without, or will find amiss at Keycloak. Nothing waits for it, and nothing stops because of it. */
  lookAround(): Promise<void>;
  /** Stop listening and taking jobs, let what is under way finish, and close the database. */
  close(): Promise<void>;
}

const SESSION_LIMITS = {
  statementTimeoutMs: BOUNDS.statementMs,
  lockTimeoutMs: BOUNDS.lockMs,
  idleInTransactionTimeoutMs: BOUNDS.idleInTransactionMs,
  connectTimeoutMs: BOUNDS.connectMs,
};

/** Work with the owner's credentials, for migrations and seeds; the service itself never has them. */
export async function asOwner<T>({ database }: OwnerConfig, embedded: EmbeddedDatabase | undefined, work: (owner: DataSource) => Promise<T>): Promise<T> {
  const place = database ? { url: database.ownerUrl, poolSize: 1 } : { embedded };
  const owner = await openDataSource({ ...place, ...SESSION_LIMITS, migrations: MIGRATIONS, applicationName: "tenant-registry-owner" });
  try {
    return await work(owner);
  } finally {
    await owner.destroy();
  }
}

/**
 * The service's own data source, in which every session is a role that may do nothing outside the doors. Rejects with
 * RoleRefusedError when one of the roles would void the walls, and in production also when the login could step around them.
 */
export async function openServiceDataSource(config: Config, embedded: EmbeddedDatabase | undefined, log: Logger): Promise<DataSource> {
  const { database } = config;
  const dataSource = await openDataSource({
    ...(database ? { url: database.url, poolSize: database.poolSize } : { embedded }),
    ...SESSION_LIMITS,
    silenceTimeoutMs: BOUNDS.statementMs + BOUNDS.connectMs,
    role: SERVICE_ROLE,
    genericPlans: true,
    entities: ENTITIES,
    migrations: MIGRATIONS,
    onConnectionLost: (err) => log.warn({ err }, "an idle database connection was lost"),
  });
  try {
    await refuseUnfitRoles(dataSource);
    // The embedded database has its superuser only, and nobody else's rows.
    const unfit = database && (await unfitLogin(dataSource));
    if (unfit && config.environment === "prod") throw new RoleRefusedError(unfit);
    if (unfit) log.warn(`${unfit} With APP_ENV=prod the service would not start.`);
    return dataSource;
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
}

/** Put the service together; it listens when `app.listen` is called. */
export async function openService({ config, log, dataSource, catalog, demo, platform, now = () => new Date(), developmentIssuer, keycloak: brought, jobHandlers = JOB_HANDLERS }: ServiceParts): Promise<Service> {
  const { database } = config;
  const house: House = {
    dataSource,
    admit: tenantAdmission(now),
    record: recordChange,
    limits: {
      statementTimeoutMs: BOUNDS.statementMs,
      maxWaiting: database ? database.poolSize * WAITING_PER_CONNECTION : WAITING_EMBEDDED,
    },
  };
  const verifier = openBearer({
    issuer: config.issuer ?? developmentIssuer ?? "",
    audience: config.token.audience,
    profile: config.token.profile,
    algorithms: config.token.algorithms,
    timeoutMs: BOUNDS.outgoingMs,
    allowHttp: config.environment !== "prod",
    now,
    log,
  });
  const bearer = rememberVerified(verifier, now);
  const directory = openTenantDirectory(house, BOUNDS.operationMs, now);
  const tenantClaims = openClaimsTeller({ house, directory, catalog, now, log, budgetMs: config.claimsBudgetMs });
  const keycloak = config.keycloak ? openKeycloak({ ...config.keycloak, timeoutMs: BOUNDS.outgoingMs, now }) : (brought ?? null);
  const keys = openKeys({ house, config, catalog, now, log: log as FastifyBaseLogger });
  const usage = openTenantUsage({ house, now, log: log as FastifyBaseLogger, everyMs: database ? WRITE_USAGE_MS : WRITE_USAGE_EMBEDDED_MS });
  const facilities: Facilities = {
    ...keys.facilities,
    usage,
    forgetTenantUsage: tenantUsageRetention(house),
    forgetKeys: keyRetention(house),
    catalog,
    demo,
    platform,
    publicUrl: config.publicUrl,
    tenantDirectory: directory,
    tenantClaims,
    keycloak,
    portalUrl: config.portalUrl,
    onboarding: openOnboarding(keycloak, config.environment === "dev" ? config.portalUrl : null),
  };
  const jobs = openJobs({
    house,
    handlers: jobHandlers,
    facilities,
    now,
    log: log as FastifyBaseLogger,
    atOnce: database ? JOBS_AT_ONCE : 1,
    graceMs: BOUNDS.drainMs - BOUNDS.statementMs,
  });
  const { schema } = buildRegistrySchema();
  const context = contextMaker({
    house,
    bearer,
    claims: { ...DEFAULT_CLAIMS_MAPPING, roleSources: config.token.roleClaims, serviceClients: config.token.serviceClients },
    directory,
    hierarchy: openHierarchy(house, BOUNDS.operationMs, now),
    now,
    facilities,
  });
  const server = await buildServer({
    schema,
    context,
    endpoints: [(app) => exportEndpoint(app, { house, now, operationMs: BOUNDS.operationMs }), (app) => claimsEndpoint(app, { context }), (app) => leaksEndpoint(app, { context })],
    readiness: {
      database: async () => void (await dataSource.query("select 1")),
      migrations: async () => noneMissing(await missing(dataSource)),
      issuer: () => bearer.ready(),
    },
    introspection: config.introspection,
    trustedHops: config.trustedHops,
    log,
  });
  return {
    ...server,
    jobs,
    keys,
    usage,
    async lookAround() {
      if (keycloak === null) log.warn("KEYCLOAK_ADMIN_URL is not set: nothing is provisioned, and the steps of new tenants are skipped");
      else await keycloak.ready().catch((err: KeycloakError) => log.warn({ kind: err.kind, route: err.route, err }, "Keycloak cannot be used as it is; what is to be done there is tried again until it can"));
    },
    async close() {
      server.startDraining();
      await Promise.all([server.app.close(), jobs.stop()]);
      await keys.close();
      await usage.close();
      await dataSource.destroy();
    },
  };
}

function noneMissing(migrations: string[]): void {
  if (migrations.length > 0) throw new Error(`the database has not had ${migrations.join(", ")}`);
}
