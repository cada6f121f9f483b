/** Owns the list of features and the way from it to the subgraph: TypeGraphQL schema → access proof → federation → SDL. */
import "reflect-metadata";
import { GraphQLDateTime } from "graphql-scalars";
import { buildSchemaSync, type NonEmptyArray } from "type-graphql";
import { ApiKey } from "./api-key/api-key.entity.js";
import { ApiKeyResolver, TenantApiKeysResolver } from "./api-key/api-key.resolver.js";
import { AuditEvent } from "./audit-event/audit-event.entity.js";
import { AuditEventResolver, TenantAuditEventsResolver } from "./audit-event/audit-event.resolver.js";
import { Entitlement } from "./entitlement/entitlement.entity.js";
import { EntitlementResolver, TenantEntitlementsResolver } from "./entitlement/entitlement.resolver.js";
import { IdpConfig } from "./idp-config/idp-config.entity.js";
import { IdpConfigResolver, TenantIdpConfigsResolver } from "./idp-config/idp-config.resolver.js";
import { guardAccess, proveAccess, type AccessRow } from "./kernel/access.js";
import { graftFederation, type Subgraph } from "./kernel/federation.js";
import { referenceActions } from "./kernel/reference.js";
import { validateArgument } from "./kernel/validation.js";
import { Project } from "./project/project.entity.js";
import { ProjectResolver, TenantProjectsResolver } from "./project/project.resolver.js";
import { Tenant } from "./tenant/tenant.entity.js";
import { TenantResolver } from "./tenant/tenant.resolver.js";
import { ViewerResolver } from "./viewer/viewer.resolver.js";

/** The resolvers of every feature. A feature that is not here does not exist for callers. */
const RESOLVERS: NonEmptyArray<Function> = [
  TenantResolver,
  ProjectResolver,
  TenantProjectsResolver,
  EntitlementResolver,
  TenantEntitlementsResolver,
  ApiKeyResolver,
  TenantApiKeysResolver,
  IdpConfigResolver,
  TenantIdpConfigsResolver,
  AuditEventResolver,
  TenantAuditEventsResolver,
  ViewerResolver,
];

/** The entities of every feature, for the data source and the drift check. */
export const ENTITIES: Function[] = [Tenant, Project, Entitlement, ApiKey, IdpConfig, AuditEvent];

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
