/** Owns what drift is: a difference between a tenant and its organisation, as a GraphQL type. It is worked out, and never stored. */
import { IsOptional, Max, MaxLength, Min } from "class-validator";
import { ArgsType, Field, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import { DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE } from "../kernel/connection.js";
import type { Tenant } from "../tenant/tenant.entity.js";
import type { DriftPlace } from "./keycloak-drift.walk.js";

export enum DriftKind {
  NOT_PROVISIONED = "not_provisioned",
  ORGANIZATION_MISSING = "organization_missing",
  ORGANIZATION_WITHOUT_TENANT = "organization_without_tenant",
  MAPPING_DIFFERS = "mapping_differs",
  NAME_DIFFERS = "name_differs",
  STATUS_DIFFERS = "status_differs",
  ALIAS_DIFFERS = "alias_differs",
}

registerEnumType(DriftKind, {
  name: "KeycloakDriftKind",
  description: "How the registry and the identity provider differ.",
  valuesConfig: {
    NOT_PROVISIONED: { description: "The tenant has no organisation and knows of none." },
    ORGANIZATION_MISSING: { description: "The tenant's organisation is gone." },
    ORGANIZATION_WITHOUT_TENANT: { description: "The organisation belongs to no tenant. It is never deleted from here." },
    MAPPING_DIFFERS: { description: "The tenant is mapped to one organisation, and another one, or several, say that they are the tenant's; or the mapped one does not say so." },
    NAME_DIFFERS: { description: "The organisation has not the tenant's name." },
    STATUS_DIFFERS: { description: "The organisation does not say where the tenant stands, or is disabled." },
    ALIAS_DIFFERS: { description: "The organisation's alias is not the tenant's slug. An alias never changes: this cannot be repaired." },
  },
});

@ObjectType({ description: "A tenant and its organisation at the identity provider, which differ.", simpleResolvers: true })
export class KeycloakDrift {
  /** Absent when the organisation belongs to none. */
  tenantRow: Tenant | null;

  /** Up to where everything has been looked at. */
  place: DriftPlace;

  @Field(() => ID, { nullable: true, description: "The organisation that is there; null when there is none." })
  organizationId: string | null;

  @Field(() => String, { nullable: true, description: "Its name." })
  organizationName: string | null;

  @Field(() => [DriftKind], { description: "Everything that differs." })
  kinds: DriftKind[];
}

@ArgsType()
export class DriftPageArgs {
  @Field(() => Int, { nullable: true, description: `How many to return: 1 to ${MAX_PAGE_SIZE}, ${DEFAULT_PAGE_SIZE} when omitted. A page ends sooner when it has looked at enough.` })
  @IsOptional()
  @Min(1)
  @Max(MAX_PAGE_SIZE)
  first?: number | null;

  @Field(() => String, { nullable: true, description: "Go on after this cursor." })
  @IsOptional()
  @MaxLength(200)
  after?: string | null;
}
