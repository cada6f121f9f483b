/** Owns how drift is exposed: fields, access, one call each. */
import { Arg, Args, Ctx, Directive, FieldResolver, Mutation, Query, Resolver, Root } from "type-graphql";
import { Access } from "../kernel/access.js";
import { connectionOf, DEFAULT_PAGE_SIZE, type Page } from "../kernel/connection.js";
import type { RequestContext } from "../kernel/request.js";
import { Tenant } from "../tenant/tenant.entity.js";
import { DriftPageArgs, KeycloakDrift } from "./keycloak-drift.entity.js";
import { keycloakDrift } from "./keycloak-drift.reads.js";
import { repairKeycloakDrift } from "./provisioning.changes.js";
import { RepairKeycloakDriftInput, RepairKeycloakDriftPayload } from "./provisioning.inputs.js";

/** Not counted: a count would ask Keycloak for every tenant. */
const KeycloakDriftConnection = connectionOf(KeycloakDrift, "KeycloakDrift", { counted: false });

@Resolver(() => KeycloakDrift)
export class KeycloakDriftResolver {
  @Access("keycloak.read_drift")
  @Directive(`@listSize(assumedSize: ${DEFAULT_PAGE_SIZE}, slicingArguments: ["first"], sizedFields: ["edges", "nodes"], requireOneSlicingArgument: false)`)
  @Directive("@cost(weight: 500)")
  @Query(() => KeycloakDriftConnection, {
    description: "Where tenants and their organisations at the identity provider differ. Platform staff only. A page may be empty and still have another one after it.",
  })
  keycloakDrift(@Args(() => DriftPageArgs) page: DriftPageArgs, @Ctx() context: RequestContext): Promise<Page<KeycloakDrift>> {
    return keycloakDrift(context, page);
  }

  @Access("tenant.read")
  @FieldResolver(() => Tenant, { nullable: true, description: "The tenant; null for an organisation without one." })
  tenant(@Root() { tenantRow }: KeycloakDrift): Tenant | null {
    return tenantRow;
  }

  @Access("keycloak.repair")
  @Mutation(() => RepairKeycloakDriftPayload, {
    description: "Bring one tenant's organisation back to what the registry knows, or make it again; nothing is deleted. Platform operators only.",
  })
  repairKeycloakDrift(@Arg("input", () => RepairKeycloakDriftInput) input: RepairKeycloakDriftInput, @Ctx() context: RequestContext): Promise<RepairKeycloakDriftPayload> {
    return repairKeycloakDrift(context, input);
  }
}
