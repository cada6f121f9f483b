/** Owns the list of every way into the graph: what is asked, of what, and which action it needs. `census.test.ts` compares it with the schema and walks it. */
import type { Action } from "../../src/kernel/action.js";
import { foreignKey } from "../testkit/foreign-key.js";
import { unique } from "../testkit/world.js";

/** The rows of one tenant that a request can name: someone's, nobody's, or names that could be nobody's. */
export interface Target {
  tenant: string;
  slug: string;
  product: string;
  project: string;
  archivedProject: string;
  entitlement: string;
  productRequest: string;
  apiKey: string;
  /** The whole text of that key. */
  key: string;
  idpConfig: string;
  auditEvent: string;
  job: string;
  invitation: string;
  /** Called `prod`, and the only one. */
  environment: string;
  team: string;
  channel: string;
  /** Called `support_flow`, with one version that runs nowhere. */
  flow: string;
}

type Variables = (target: Target) => Record<string, unknown>;

/** States from which a step of a tenant's life is taken. */
export type Standing = "trial" | "frozen";

/** One document that reaches one entry point. */
export interface EntryPoint {
  /** As `access.snap` writes it; entities also say by which key. */
  entry: string;
  /** Its own action. */
  action: Action;
  /** How it is reached, where there are several ways. */
  way: string;
  /** Asked before the target is looked for. */
  before: Action[];
  /** Asked once the target was found. */
  inside: Action[];
  document: string;
  /** Absent when nothing is named: everyone sees their own. */
  variables?: Variables;
  /** The action that a mutation records; it must leave exactly this event. */
  records?: Action;
  /** Where the tenant must stand for it, when that is not active. */
  standing?: Standing;
  /** A product's service is told about whichever tenant it names. */
  servicesAsk?: true;
  /** What is not there is an error, because nothing would look like an answer. */
  refuses?: true;
  /** About nobody's rows: whoever may ask gets it, of whichever tenant. */
  everybodys?: true;
}

interface Entity {
  action: Action;
  /** The query by id. */
  query: string;
  id: keyof Target;
  /** Each `@key` of the type → the representation by it. */
  keys: Record<string, Variables>;
  /** The field of Tenant that lists it, with room for what is asked of each. */
  list?: (selection: string) => string;
}

export const ENTITIES: Record<string, Entity> = {
  Tenant: { action: "tenant.read", query: "tenant", id: "tenant", keys: { id: ({ tenant: id }) => ({ id }), slug: ({ slug }) => ({ slug }) } },
  Project: { action: "project.read", query: "project", id: "project", keys: { id: ({ project: id }) => ({ id }) }, list: (s) => `projects { nodes { ${s} } }` },
  Entitlement: {
    action: "entitlement.read",
    query: "entitlement",
    id: "entitlement",
    keys: { id: ({ entitlement: id }) => ({ id }), "tenant { id } product { key }": ({ tenant, product }) => ({ tenant: { id: tenant }, product: { key: product } }) },
    list: (s) => `entitlements { ${s} }`,
  },
  ProductRequest: {
    action: "product_request.read",
    query: "productRequest",
    id: "productRequest",
    keys: { id: ({ productRequest: id }) => ({ id }) },
    list: (s) => `productRequests { nodes { ${s} } }`,
  },
  ApiKey: { action: "api_key.read", query: "apiKey", id: "apiKey", keys: { id: ({ apiKey: id }) => ({ id }) }, list: (s) => `apiKeys { nodes { ${s} } }` },
  IdpConfig: { action: "idp_config.read", query: "idpConfig", id: "idpConfig", keys: { id: ({ idpConfig: id }) => ({ id }) }, list: (s) => `idpConfigs { ${s} }` },
  Environment: { action: "environment.read", query: "environment", id: "environment", keys: { id: ({ environment: id }) => ({ id }) }, list: (s) => `environments { ${s} }` },
  Flow: { action: "flow.read", query: "flow", id: "flow", keys: { id: ({ flow: id }) => ({ id }) }, list: (s) => `flows { nodes { ${s} } }` },
  Team: { action: "team.read", query: "team", id: "team", keys: { id: ({ team: id }) => ({ id }) }, list: (s) => `teams { nodes { ${s} } }` },
  Channel: { action: "team.read", query: "channel", id: "channel", keys: { id: ({ channel: id }) => ({ id }) }, list: (s) => `teams { nodes { channels { ${s} } } }` },
  AuditEvent: { action: "audit_event.read", query: "auditEvent", id: "auditEvent", keys: { id: ({ auditEvent: id }) => ({ id }) }, list: (s) => `auditEvents { edges { node { ${s} } } }` },
};

/** Guarded fields of entities: entry → action, and what to ask. */
const FIELDS: [entry: string, action: Action, selection: string][] = [
  ["ApiKey.createdBy", "api_key.read", "createdBy { id }"],
  ["ApiKey.owner", "api_key.read", "owner { id }"],
  ["ApiKey.product", "api_key.read", "product { key }"],
  ["ApiKey.project", "project.read", "project { id slug }"],
  ["ApiKey.revokedBy", "api_key.read", "revokedBy { id }"],
  ["ApiKey.rotatedFrom", "api_key.read", "rotatedFrom { id name }"],
  ["ApiKey.tenant", "tenant.read", "tenant { id slug }"],
  ["ApiKey.usage", "api_key.read", "usage { day verified refused }"],
  ["AuditEvent.project", "project.read", "project { id slug }"],
  ["AuditEvent.tenant", "tenant.read", "tenant { id slug }"],
  ["Channel.team", "team.read", "team { id slug }"],
  ["Channel.tenant", "tenant.read", "tenant { id slug }"],
  ["Entitlement.product", "entitlement.read", "product { key }"],
  ["Entitlement.tenant", "tenant.read", "tenant { id slug }"],
  ["Entitlement.verdict", "entitlement.read", "verdict { granted reason config }"],
  ["Environment.cluster", "environment.read", "cluster { slug domain }"],
  ["Environment.flows", "flow.read", "flows { flow number body }"],
  ["Environment.tenant", "tenant.read", "tenant { id slug }"],
  ["Flow.tenant", "tenant.read", "tenant { id slug }"],
  ["Flow.versions", "flow.read", "versions { totalCount nodes { number body publishedBy } }"],
  ["IdpConfig.metadata", "idp_config.read_metadata", "metadata"],
  ["IdpConfig.tenant", "tenant.read", "tenant { id slug }"],
  ["ProductRequest.decidedBy", "product_request.search", "decidedBy { id }"],
  ["ProductRequest.note", "product_request.search", "note"],
  ["ProductRequest.product", "product_request.read", "product { key }"],
  ["ProductRequest.requestedBy", "product_request.read", "requestedBy { id }"],
  ["ProductRequest.tenant", "tenant.read", "tenant { id slug }"],
  ["Project.tenant", "tenant.read", "tenant { id slug }"],
  ["Team.channels", "team.read", "channels { id slug }"],
  ["Team.tenant", "tenant.read", "tenant { id slug }"],
  ["Tenant.apiKeyPolicy", "api_key.read", "apiKeyPolicy { maxLifetimeDays mayNeverExpire version }"],
  ["Tenant.apiKeyUsage", "api_key.read", "apiKeyUsage { day verified refused }"],
  ["Tenant.apiKeys", "api_key.read", "apiKeys { totalCount nodes { id name } }"],
  ["Tenant.auditEvents", "audit_event.read", "auditEvents { nodes { id targetId } }"],
  ["Tenant.bundle", "bundle.read", "bundle"],
  ["Tenant.cancelNote", "tenant.read_billing", "cancelNote"],
  ["Tenant.contractEnd", "tenant.read_billing", "contractEnd"],
  ["Tenant.contractStart", "tenant.read_billing", "contractStart"],
  ["Tenant.deployment", "environment.read", "deployment"],
  ["Tenant.entitlements", "entitlement.read", "entitlements { id }"],
  ["Tenant.environments", "environment.read", "environments { id slug }"],
  ["Tenant.erpCustomerId", "tenant.read_billing", "erpCustomerId"],
  ["Tenant.flows", "flow.read", "flows { totalCount nodes { id name latest { body } } }"],
  ["Tenant.idpConfigs", "idp_config.read", "idpConfigs { id }"],
  ["Tenant.keycloakOrganizationId", "tenant.read_billing", "keycloakOrganizationId"],
  ["Tenant.productRequests", "product_request.read", "productRequests { totalCount nodes { id } }"],
  ["Tenant.provisioning", "provisioning.read", "provisioning { steps { step lastError } invitations { id email } }"],
  ["Tenant.projects", "project.read", "projects { totalCount nodes { id slug } }"],
  ["Tenant.salesOwner", "tenant.read_billing", "salesOwner"],
  ["Tenant.stripeCustomerId", "tenant.read_billing", "stripeCustomerId"],
  ["Tenant.teams", "team.read", "teams { totalCount nodes { id slug } }"],
  ["Tenant.usage", "usage.read", "usage { day environment operations errors }"],
];

/** Queries that are not the look-up of an entity by its id. */
const QUERIES: [entry: string, action: Action, document: string, variables?: Variables][] = [
  ["Query.auditEvents", "audit_event.read", "{ auditEvents { nodes { id } } }"],
  ["CatalogEntry.product", "catalog.read", "query ($id: ID) { catalog(tenantId: $id) { product { key } } }", ({ tenant: id }) => ({ id })],
  ["Query.catalog", "catalog.read", "query ($id: ID) { catalog(tenantId: $id) { verdict { reason config } mayTry { reason } mayRequest { reason } } }", ({ tenant: id }) => ({ id })],
  ["Query.productRequests", "product_request.search", "{ productRequests { nodes { id note } } }"],
  ["Query.keycloakDrift", "keycloak.read_drift", "{ keycloakDrift(first: 3) { nodes { kinds organizationId } } }"],
  ["Placement.cluster", "environment.read", "query ($id: ID!) { environment(id: $id) { placements { cluster { slug } placedAt } } }", ({ environment: id }) => ({ id })],
  ["Query.routes", "cluster.read", "{ routes { nodes { tenantId tenantSlug environment cluster } } }"],
  ["Query.jobs", "job.read", "{ jobs { nodes { id kind state lastError { message } } } }"],
  ["Query.myTenant", "tenant.read", "{ myTenant { id slug } }"],
  ["Query.tenantBySlug", "tenant.read", "query ($slug: String!) { tenantBySlug(slug: $slug) { id slug } }", ({ slug }) => ({ slug })],
  ["Query.tenants", "tenant.search", "{ tenants { nodes { id slug } } }"],
  ["Query.viewer", "viewer.read", "{ viewer { subject actions } }"],
];

/** What a service may ask about any tenant. */
const SERVICES_ASK: [entry: string, way: string, action: Action, document: string, variables: Variables][] = [
  ["Query.tenantClaims", "by id", "tenant_claims.read", "query ($id: ID) { tenantClaims(tenantId: $id) { slug products { key } } }", ({ tenant: id }) => ({ id })],
  ["Query.tenantClaims", "by alias", "tenant_claims.read", "query ($alias: String) { tenantClaims(alias: $alias) { tenantId } }", ({ slug: alias }) => ({ alias })],
  ["Query.tenantContext", "by id", "tenant_context.read", `query ($tenant: String) { tenantContext(tenant: $tenant, environment: "prod") { tenantSlug settings { timezone { value } } flows { flow } names { resourceName } } }`, ({ tenant }) => ({ tenant })],
  ["Query.tenantContext", "by slug", "tenant_context.read", "query ($tenant: String) { tenantContext(tenant: $tenant) { tenantId environmentId } }", ({ slug: tenant }) => ({ tenant })],
  ["TenantContext.cluster", "by id", "tenant_context.read", "query ($tenant: String) { tenantContext(tenant: $tenant) { cluster { slug domain } } }", ({ tenant }) => ({ tenant })],
];

/** What a service may check in any tenant; one that is not there is refused, and not denied. */
const CHECKS: [entry: string, document: string][] = [
  ["Query.checkEntitlement", 'query ($id: ID!) { checkEntitlement(tenantId: $id, product: "crm") { verdict { granted reason config } } }'],
  ["Query.checkEntitlements", 'query ($id: ID!) { checkEntitlements(input: { tenantIds: [$id], products: ["crm"] }) { verdict { granted reason config } error { code } } }'],
];

/** What a service is told of whatever key it is given: also that there is none, which is an answer like the others. */
const KEYS_SHOWN: [entry: string, document: string][] = [
  ["Query.verifyApiKey", "query ($key: String!) { verifyApiKey(key: $key) { code tenantId entitlement { config } } }"],
  ["Query.verifyApiKeys", "query ($key: String!) { verifyApiKeys(keys: [{ key: $key }]) { code tenantId entitlement { config } } }"],
  ["Query.tenantContextOfKey", "query ($key: String!) { tenantContextOfKey(key: $key) { verdict { code tenantId entitlement { config } } context { tenantSlug environmentId } } }"],
];

/** What is the same for every tenant. */
const EVERYBODYS: [entry: string, action: Action, document: string][] = [
  ["_entities Cluster by slug", "cluster.read", '{ _entities(representations: [{ __typename: "Cluster", slug: "shared" }]) { ... on Cluster { slug name known } } }'],
  ["Cluster.environmentCount", "cluster.read", "{ clusters { environmentCount } }"],
  ["Query.cluster", "cluster.read", '{ cluster(slug: "shared") { slug known } }'],
  ["Query.clusters", "cluster.read", "{ clusters { slug infrastructure { path } } }"],
  ["_entities Product by key", "catalog.read", '{ _entities(representations: [{ __typename: "Product", key: "crm" }]) { ... on Product { key name known } } }'],
  ["PlanProduct.product", "catalog.read", "{ plans { products { product { key } } } }"],
  ["Query.plans", "catalog.read", "{ plans { key products { config } } }"],
  ["Query.product", "catalog.read", '{ product(key: "crm") { key known } }'],
  ["Query.products", "catalog.read", "{ products { key limits { name } } }"],
];

const MUTATIONS: [field: string, action: Action, inputType: string, input: Variables | null, standing?: Standing][] = [
  ["activateTenant", "tenant.activate", "ActivateTenantInput", ({ tenant: id }) => ({ id }), "trial"],
  ["archiveTenant", "tenant.archive", "ArchiveTenantInput", ({ tenant: id }) => ({ id }), "frozen"],
  ["cancelTenant", "tenant.cancel", "CancelTenantInput", ({ tenant: id }) => ({ id, reason: "CUSTOMER_REQUEST" })],
  ["extendTrial", "tenant.extend_trial", "ExtendTrialInput", ({ tenant: id }) => ({ id, days: 1 }), "trial"],
  ["reactivateTenant", "tenant.reactivate", "ReactivateTenantInput", ({ tenant: id }) => ({ id }), "frozen"],
  ["applyBundle", "bundle.apply", "ApplyBundleInput", ({ slug: tenant }) => ({ tenant, content: { allTeams: false, teams: { [unique("team")]: {} } } })],
  ["archiveProject", "project.archive", "ProjectStatusInput", ({ project: id }) => ({ id })],
  ["createApiKey", "api_key.create", "CreateApiKeyInput", ({ tenant: tenantId }) => ({ tenantId, name: unique("key"), product: "crm", environment: "DEV", scopes: ["read"] })],
  ["createChannel", "channel.create", "CreateChannelInput", ({ team: teamId }) => ({ teamId, slug: unique("channel"), provider: "messaging-webchat" })],
  ["createEnvironment", "environment.create", "CreateEnvironmentInput", ({ tenant: tenantId }) => ({ tenantId, slug: unique("env"), name: "New" })],
  ["createProject", "project.create", "CreateProjectInput", ({ tenant: tenantId }) => ({ tenantId, slug: unique("p"), name: "New" })],
  ["createTeam", "team.create", "CreateTeamInput", ({ tenant: tenantId }) => ({ tenantId, slug: unique("team"), name: "New" })],
  ["createTenant", "tenant.create", "CreateTenantInput", null],
  ["exportTenant", "tenant.export", "ExportTenantInput", ({ tenant: tenantId }) => ({ tenantId })],
  ["decideProductRequest", "product_request.decide", "DecideProductRequestInput", ({ productRequest: id }) => ({ id, outcome: "WON" })],
  ["grantEntitlement", "entitlement.grant", "GrantEntitlementInput", ({ tenant: tenantId }) => ({ tenantId, product: "desk" })],
  ["importApiKeys", "api_key.import", "ImportApiKeysInput", ({ tenant: tenantId }) => ({ tenantId, keys: [foreignKey()] })],
  ["placeEnvironment", "environment.place", "PlaceEnvironmentInput", ({ environment: id }) => ({ id, cluster: "shared-2" })],
  ["publishFlow", "flow.publish", "PublishFlowInput", ({ tenant: tenantId }) => ({ tenantId, name: unique("flow"), body: { nodes: [{ id: "start", type: "message" }] } })],
  ["repairKeycloakDrift", "keycloak.repair", "RepairKeycloakDriftInput", ({ tenant: tenantId }) => ({ tenantId })],
  ["resendInvitation", "invitation.resend", "ResendInvitationInput", ({ tenant: tenantId, invitation: invitationId }) => ({ tenantId, invitationId })],
  ["retryProvisioning", "provisioning.retry", "RetryProvisioningInput", ({ tenant: tenantId }) => ({ tenantId })],
  ["revokeApiKey", "api_key.revoke", "RevokeApiKeyInput", ({ apiKey: id }) => ({ id })],
  ["rotateApiKey", "api_key.rotate", "RotateApiKeyInput", ({ apiKey: id }) => ({ id, overlapSeconds: 60 })],
  ["revokeInvitation", "invitation.revoke", "RevokeInvitationInput", ({ tenant: tenantId, invitation: invitationId }) => ({ tenantId, invitationId })],
  ["retryJob", "job.retry", "RetryJobInput", ({ job: id }) => ({ id })],
  ["restoreProject", "project.restore", "ProjectStatusInput", ({ archivedProject: id }) => ({ id })],
  ["requestProduct", "product_request.create", "RequestProductInput", ({ tenant: tenantId }) => ({ tenantId, product: "desk" })],
  ["runFlow", "flow.run", "RunFlowInput", ({ environment: environmentId }) => ({ environmentId, flow: "support_flow", number: 1 })],
  ["startTrial", "entitlement.start_trial", "StartTrialInput", ({ tenant: tenantId }) => ({ tenantId, product: "chat" })],
  ["updateApiKeyPolicy", "api_key.update_policy", "UpdateApiKeyPolicyInput", ({ tenant: tenantId }) => ({ tenantId, maxLifetimeDays: 30 })],
  ["updateChannel", "channel.update", "UpdateChannelInput", ({ channel: id }) => ({ id, archived: true })],
  ["updateEntitlement", "entitlement.update", "UpdateEntitlementInput", ({ tenant: tenantId, product }) => ({ tenantId, product, config: { max_seats: 5 } })],
  ["updateEnvironment", "environment.update", "UpdateEnvironmentInput", ({ environment: id }) => ({ id, name: "Renamed" })],
  ["updateProject", "project.update", "UpdateProjectInput", ({ project: id }) => ({ id, name: "Renamed" })],
  ["updateTeam", "team.update", "UpdateTeamInput", ({ team: id }) => ({ id, name: "Renamed" })],
  ["updateTenant", "tenant.update", "UpdateTenantInput", ({ tenant: id }) => ({ id, name: "Renamed" })],
  ["withdrawEntitlement", "entitlement.withdraw", "WithdrawEntitlementInput", ({ tenant: tenantId, product }) => ({ tenantId, product })],
];

/** Input fields that need more than their mutation: a value for each. */
const INPUT_FIELDS: [entry: string, action: Action, mutation: string, given: () => Record<string, unknown>][] = [
  ["UpdateApiKeyPolicyInput.mayNeverExpire (given)", "api_key.allow_endless", "updateApiKeyPolicy", () => ({ mayNeverExpire: true })],
  ["UpdateEnvironmentInput.archived (given)", "environment.create", "updateEnvironment", () => ({ archived: true })],
  ["UpdateTenantInput.contractEnd (given)", "tenant.update_commercial", "updateTenant", () => ({ contractEnd: "2031-01-01" })],
  ["UpdateTenantInput.contractStart (given)", "tenant.update_commercial", "updateTenant", () => ({ contractStart: "2030-01-01" })],
  ["UpdateTenantInput.erpCustomerId (given)", "tenant.update_commercial", "updateTenant", () => ({ erpCustomerId: unique("erp") })],
  ["UpdateTenantInput.keycloakOrganizationId (given)", "tenant.update_commercial", "updateTenant", () => ({ keycloakOrganizationId: unique("org") })],
  ["UpdateTenantInput.plan (given)", "tenant.update_commercial", "updateTenant", () => ({ plan: "enterprise" })],
  ["UpdateTenantInput.salesOwner (given)", "tenant.update_commercial", "updateTenant", () => ({ salesOwner: null })],
  ["UpdateTenantInput.stripeCustomerId (given)", "tenant.update_commercial", "updateTenant", () => ({ stripeCustomerId: unique("cus") })],
];

/** Every way that leads to an entity, asking `selection` of it. */
function waysTo(type: string, selection: string): Omit<EntryPoint, "entry" | "action" | "inside">[] {
  const { action, query, id, keys, list } = ENTITIES[type] as Entity;
  const nested = list ? list(selection) : selection;
  return [
    { way: "by query", before: [action], document: `query ($id: ID!) { ${query}(id: $id) { ${selection} } }`, variables: (target) => ({ id: target[id] }) },
    ...Object.entries(keys).map(([key, representation]) => ({
      way: `by reference with ${key}`,
      before: [action],
      document: `query ($of: [_Any!]!) { _entities(representations: $of) { ... on ${type} { ${selection} } } }`,
      variables: (target: Target) => ({ of: [{ __typename: type, ...representation(target) }] }),
    })),
    { way: "through myTenant", before: ["tenant.read", ...(list ? [action] : [])], document: `{ myTenant { ${nested} } }` },
    { way: "through viewer.tenant", before: ["viewer.read", "tenant.read", ...(list ? [action] : [])], document: `{ viewer { tenant { ${nested} } } }` },
  ];
}

function* entryPoints(): Generator<EntryPoint> {
  for (const [type, { action, query, list }] of Object.entries(ENTITIES)) {
    for (const { way, ...how } of waysTo(type, "__typename")) {
      const key = /^by reference with (.*)$/.exec(way)?.[1];
      if (key !== undefined) yield { entry: `_entities ${type} by ${key}`, action, way: "", inside: [], ...how };
      else if (way === "by query") yield { entry: `Query.${query}`, action, way: "", inside: [], ...how };
    }
    if (list) {
      const document = `query ($id: ID!) { tenant(id: $id) { ${list("__typename")} } }`;
      yield { entry: `_entities ${type} by id`, action, way: "through Query.tenant", before: ["tenant.read"], inside: [action], document, variables: ({ tenant: id }) => ({ id }) };
    }
  }
  for (const [entry, action, selection] of FIELDS) {
    for (const how of waysTo(entry.slice(0, entry.indexOf(".")), selection)) yield { entry, action, inside: [action], ...how };
  }
  for (const [entry, action, document, variables] of QUERIES) yield { entry, action, way: "", before: [action], inside: [], document, ...(variables && { variables }) };
  for (const [entry, way, action, document, variables] of SERVICES_ASK) yield { entry, action, way, before: [action], inside: [], document, variables, servicesAsk: true };
  for (const [entry, document] of CHECKS) {
    yield { entry, action: "entitlement.check", way: "", before: ["entitlement.check"], inside: [], document, variables: ({ tenant: id }) => ({ id }), servicesAsk: true, refuses: true };
  }
  for (const [entry, document] of KEYS_SHOWN) {
    yield { entry, action: "api_key.verify", way: "", before: ["api_key.verify"], inside: [], document, variables: ({ key }) => ({ key }), servicesAsk: true, everybodys: true };
  }
  for (const [entry, action, document] of EVERYBODYS) yield { entry, action, way: "", before: [action], inside: [], document, everybodys: true };
  const reporting = "mutation ($key: String!) { reportLeakedApiKey(input: { key: $key }) { __typename } }";
  yield { entry: "Mutation.reportLeakedApiKey", action: "api_key.report_leak", way: "", before: ["api_key.report_leak"], inside: [], document: reporting, variables: ({ key }) => ({ key }), records: "api_key.report_leak", servicesAsk: true };
  yield { entry: "Viewer.tenant", action: "tenant.read", way: "", before: ["viewer.read", "tenant.read"], inside: [], document: "{ viewer { tenant { id slug } } }" };
  yield { entry: "Job.tenant", action: "tenant.read", way: "", before: ["job.read", "tenant.read"], inside: [], document: "{ jobs { nodes { tenant { id slug } } } }" };
  yield { entry: "KeycloakDrift.tenant", action: "tenant.read", way: "", before: ["keycloak.read_drift", "tenant.read"], inside: [], document: "{ keycloakDrift(first: 3) { nodes { tenant { id slug } } } }" };
  for (const [field, action, type, input, standing] of MUTATIONS) {
    const document = `mutation ($input: ${type}!) { ${field}(input: $input) { __typename } }`;
    const variables = input ? (target: Target) => ({ input: input(target) }) : () => ({ input: { slug: unique("t"), name: "New" } });
    yield { entry: `Mutation.${field}`, action, way: "", before: [action], inside: [], document, variables, records: action, ...(standing && { standing }) };
    for (const [entry, needed, mutation, given] of INPUT_FIELDS.filter(([, , name]) => name === field)) {
      const more = (target: Target) => ({ input: { ...input?.(target), ...given() } });
      yield { entry, action: needed, way: mutation, before: [action, needed], inside: [], document, variables: more, records: action };
    }
  }
}

export const ENTRY_POINTS: EntryPoint[] = [...entryPoints()];
