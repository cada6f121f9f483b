/** Owns the list of features and the way from it to the subgraph: TypeGraphQL schema → access proof → federation → SDL. */
import "reflect-metadata";
import { GraphQLDateTime } from "graphql-scalars";
import { buildSchemaSync, type NonEmptyArray } from "type-graphql";
import { ApiKeyChangesResolver } from "./api-key/api-key.changes.resolver.js";
import { ApiKey } from "./api-key/api-key.entity.js";
import { ApiKeyImportResolver } from "./api-key/api-key.import.resolver.js";
import { ApiKeyPolicyRecord } from "./api-key-policy/api-key-policy.entity.js";
import { TenantApiKeyPolicyResolver } from "./api-key-policy/api-key-policy.resolver.js";
import { ApiKeyUsageRecord } from "./api-key-usage/api-key-usage.entity.js";
import { ApiKeyUsageResolver, TenantApiKeyUsageResolver } from "./api-key-usage/api-key-usage.resolver.js";
import { LeakedApiKeyResolver } from "./api-key-leak/api-key-leak.resolver.js";
import { ApiKeyResolver, TenantApiKeysResolver } from "./api-key/api-key.resolver.js";
import { VerifyApiKeyResolver } from "./api-key-verdict/api-key-verdict.resolver.js";
import { AuditEvent } from "./audit-event/audit-event.entity.js";
import { AuditEventResolver, TenantAuditEventsResolver } from "./audit-event/audit-event.resolver.js";
import { BundleResolver, TenantBundleResolver } from "./bundle/bundle.resolver.js";
import { PlanResolver, ProductResolver } from "./catalog/catalog.resolver.js";
import { EntitlementCheckResolver } from "./entitlement/entitlement.check.resolver.js";
import { Entitlement } from "./entitlement/entitlement.entity.js";
import { EntitlementNotice } from "./entitlement/entitlement-notice.entity.js";
import { EntitlementResolver, TenantEntitlementsResolver } from "./entitlement/entitlement.resolver.js";
import { Environment } from "./environment/environment.entity.js";
import { EnvironmentResolver, TenantEnvironmentsResolver } from "./environment/environment.resolver.js";
import { Placement } from "./environment/placement.entity.js";
import { ClusterEnvironmentsResolver, EnvironmentPlacementResolver, PlacementResolver, RouteResolver, TenantDeploymentResolver } from "./environment/placement.resolver.js";
import { Flow, FlowVersion, RunningFlowRecord } from "./flow/flow.entity.js";
import { EnvironmentFlowsResolver, FlowResolver, FlowVersionResolver, RunningFlowResolver, TenantFlowsResolver } from "./flow/flow.resolver.js";
import { IdpConfig } from "./idp-config/idp-config.entity.js";
import { IdpConfigResolver, TenantIdpConfigsResolver } from "./idp-config/idp-config.resolver.js";
import { JobResolver } from "./job/job.resolver.js";
import { guardAccess, proveAccess, type AccessRow } from "./kernel/access.js";
import { noteResolvers } from "./kernel/column-projection.js";
import { graftFederation, type Subgraph } from "./kernel/federation.js";
import { IdempotencyRecord } from "./kernel/idempotency-record.js";
import { referenceActions } from "./kernel/reference.js";
import { validateArgument } from "./kernel/validation.js";
import { CatalogResolver } from "./offer/offer.resolver.js";
import { ClusterResolver } from "./platform/cluster.resolver.js";
import { ProductRequest } from "./product-request/product-request.entity.js";
import { ProductRequestResolver, TenantProductRequestsResolver } from "./product-request/product-request.resolver.js";
import { Project } from "./project/project.entity.js";
import { ProjectResolver, TenantProjectsResolver } from "./project/project.resolver.js";
import { Channel } from "./team/channel.entity.js";
import { ChannelResolver, TeamChannelsResolver } from "./team/channel.resolver.js";
import { Team } from "./team/team.entity.js";
import { TeamResolver, TenantTeamsResolver } from "./team/team.resolver.js";
import { ContextNamesResolver } from "./tenancy/tenancy.names.resolver.js";
import { TenantContextResolver } from "./tenancy/tenancy.resolver.js";
import { TenantClaimsResolver } from "./tenant-claims/tenant-claims.resolver.js";
import { Invitation } from "./provisioning/invitation.entity.js";
import { KeycloakDriftResolver } from "./provisioning/keycloak-drift.resolver.js";
import { InvitationResolver, ProvisioningResolver, ProvisioningStepResolver, TenantProvisioningResolver } from "./provisioning/provisioning.resolver.js";
import { ProvisioningStep } from "./provisioning/provisioning-step.entity.js";
import { Tenant } from "./tenant/tenant.entity.js";
import { TenantNotice } from "./tenant/tenant-notice.entity.js";
import { TenantLifecycleResolver } from "./tenant/tenant.lifecycle.resolver.js";
import { TenantResolver } from "./tenant/tenant.resolver.js";
import { TenantExport } from "./tenant-export/tenant-export.entity.js";
import { TenantExportResolver } from "./tenant-export/tenant-export.resolver.js";
import { TenantUsageRecord } from "./tenant-usage/tenant-usage.entity.js";
import { TenantUsageResolver } from "./tenant-usage/tenant-usage.resolver.js";
import { ViewerResolver } from "./viewer/viewer.resolver.js";

/** The resolvers of every feature. A feature that is not here does not exist for callers. */
const RESOLVERS: NonEmptyArray<Function> = [
  TenantResolver,
  TenantLifecycleResolver,
  ProjectResolver,
  TenantProjectsResolver,
  ProductResolver,
  PlanResolver,
  EntitlementResolver,
  TenantEntitlementsResolver,
  EntitlementCheckResolver,
  ProductRequestResolver,
  TenantProductRequestsResolver,
  CatalogResolver,
  ApiKeyResolver,
  TenantApiKeysResolver,
  ApiKeyUsageResolver,
  TenantApiKeyUsageResolver,
  TenantApiKeyPolicyResolver,
  ApiKeyImportResolver,
  ApiKeyChangesResolver,
  LeakedApiKeyResolver,
  VerifyApiKeyResolver,
  IdpConfigResolver,
  TenantIdpConfigsResolver,
  AuditEventResolver,
  TenantAuditEventsResolver,
  JobResolver,
  TenantProvisioningResolver,
  ProvisioningResolver,
  ProvisioningStepResolver,
  InvitationResolver,
  KeycloakDriftResolver,
  TenantExportResolver,
  TenantClaimsResolver,
  TenantContextResolver,
  ContextNamesResolver,
  ClusterResolver,
  EnvironmentResolver,
  TenantEnvironmentsResolver,
  EnvironmentPlacementResolver,
  PlacementResolver,
  TenantDeploymentResolver,
  ClusterEnvironmentsResolver,
  RouteResolver,
  TeamResolver,
  TenantTeamsResolver,
  ChannelResolver,
  TeamChannelsResolver,
  FlowResolver,
  FlowVersionResolver,
  RunningFlowResolver,
  TenantFlowsResolver,
  EnvironmentFlowsResolver,
  TenantUsageResolver,
  BundleResolver,
  TenantBundleResolver,
  ViewerResolver,
];

/** The entities of every feature, for the data source and the drift check. */
export const ENTITIES: Function[] = [Tenant, TenantNotice, Project, Entitlement, EntitlementNotice, ProductRequest, ApiKey, ApiKeyPolicyRecord, ApiKeyUsageRecord, IdpConfig, AuditEvent, IdempotencyRecord, TenantExport, ProvisioningStep, Invitation, Environment, Placement, Team, Channel, Flow, FlowVersion, RunningFlowRecord, TenantUsageRecord];

export interface RegistrySchema extends Subgraph {
  /** Entry point → action → roles: what the access snapshot holds. */
  access: AccessRow[];
}

/** Build the subgraph. Throws when an entry point has no access rule or the federation directives do not hold together. */
export function buildRegistrySchema(): RegistrySchema {
  const schema = buildSchemaSync({
    resolvers: RESOLVERS,
    validateFn: (value) => validateArgument(value),
    scalarsMap: [{ type: Date, scalar: GraphQLDateTime }],
  });
  noteResolvers(schema);
  const access = proveAccess(schema, referenceActions());
  guardAccess(schema);
  return { ...graftFederation(schema), access };
}

/** The files that are generated from the code and committed next to it, so that a reviewer sees every widening as a difference. */
export function schemaFiles({ sdl, access }: RegistrySchema): { path: string; text: string }[] {
  const table = access.map(({ entry, action, roles }) => `${entry} → ${action} → ${roles.join(", ")}\n`);
  return [
    { path: "schema.graphql", text: sdl },
    { path: "test/schema/access.snap", text: table.join("") },
  ];
}
