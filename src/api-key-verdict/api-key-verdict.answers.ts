/** Owns what a verdict on an API key looks like in the graph, and what of the key it tells. */
import { GraphQLDateTime } from "graphql-scalars";
import { Field, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import { EntitlementVerdict } from "../entitlement/entitlement.answers.js";
import { ApiKeyEnvironment, ApiKeyOwnerKind } from "../api-key/api-key.entity.js";
import type { KeyRow, TenantFacts } from "../api-key/api-key.facts.js";
import { ApiKeyCode, type Judgement } from "./api-key-verdict.rules.js";

registerEnumType(ApiKeyCode, {
  name: "ApiKeyCode",
  description: "What a verification found. Of several reasons against a key the first of this list is told.",
  valuesConfig: {
    MALFORMED: { description: "This can be no key: it has another form, or a typo." },
    NOT_FOUND: { description: "There is no such key. Also where one begins the same and its secret is another." },
    WRONG_PRODUCT: { description: "It is another product's key." },
    REVOKED: { description: "It was revoked, or its time beside its successor is over." },
    EXPIRED: { description: "It ended by itself." },
    TENANT_FROZEN: { description: "Its tenant is frozen or archived, which it also is from the end of its trial on." },
    TENANT_DEMO: { description: "Its tenant is a demo, which has no keys." },
    NOT_ENTITLED: { description: "Its tenant has not got the product now." },
    WRONG_ENVIRONMENT: { description: "It is for another environment." },
    WRONG_PROJECT: { description: "It is for another project, its tenant has none such, or that is archived." },
    IP_NOT_ALLOWED: { description: "It has a list of addresses, and `clientIp` is none of them or was not given." },
    INSUFFICIENT_SCOPE: { description: "It has not got all of the scopes." },
    VALID: { description: "Nothing speaks against it." },
  },
});

/** What is told of a key to whoever may use it. */
interface KeyContext {
  apiKeyId: string | null;
  tenantId: string | null;
  tenantSlug: string | null;
  environment: ApiKeyEnvironment | null;
  projectId: string | null;
  scopes: readonly string[];
  owner: ApiKeyOwnerKind | null;
  ownerId: string | null;
  expiresAt: Date | null;
}

@ObjectType({ description: "What may be done with an API key at this moment. Unless it is valid or read-only, nothing but the code is told of it.", simpleResolvers: true })
export class ApiKeyVerdict implements KeyContext {
  @Field(() => Boolean, { description: "May the key be used for what was asked?" })
  valid: boolean;

  @Field(() => ApiKeyCode)
  code: ApiKeyCode;

  @Field(() => Boolean, { description: "The tenant is frozen, nothing else speaks against the key, and the asker accepts to serve it without letting it change anything. `valid` is false then." })
  readOnly: boolean;

  @Field(() => ID, { nullable: true, description: "Id of the key, for what is recorded of its use." })
  apiKeyId: string | null;

  @Field(() => ID, { nullable: true, description: "Id of the tenant that it belongs to." })
  tenantId: string | null;

  @Field(() => String, { nullable: true, description: "The tenant's short name in addresses." })
  tenantSlug: string | null;

  @Field(() => ApiKeyEnvironment, { nullable: true, description: "Where it works; null when it works everywhere." })
  environment: ApiKeyEnvironment | null;

  @Field(() => ID, { nullable: true, description: "The only project that it may touch; null when it may touch all of them." })
  projectId: string | null;

  @Field(() => [String], { description: "All that it may do, in the product's words." })
  scopes: readonly string[];

  @Field(() => ApiKeyOwnerKind, { nullable: true, description: "Whom it stands for." })
  owner: ApiKeyOwnerKind | null;

  @Field(() => ID, { nullable: true, description: "The person that it stands for; null when that is its tenant." })
  ownerId: string | null;

  @Field(() => GraphQLDateTime, { nullable: true, description: "When it ends by itself or beside its successor; null when no end is known." })
  expiresAt: Date | null;

  @Field(() => EntitlementVerdict, { nullable: true, description: "What the tenant has of the product; null unless the key is valid." })
  entitlement: EntitlementVerdict | null;

  @Field(() => GraphQLDateTime, { description: "The moment at which every deadline was compared." })
  checkedAt: Date;

  @Field(() => Int, { description: "Milliseconds: what was changed longer ago than this is known here. Whoever keeps the verdict adds the time for which it is kept." })
  maxStalenessMs: number;
}

const UNTOLD: KeyContext = { apiKeyId: null, tenantId: null, tenantSlug: null, environment: null, projectId: null, scopes: [], owner: null, ownerId: null, expiresAt: null };

export interface Judged {
  judgement: Judgement;
  row: KeyRow | null;
  facts: TenantFacts | null;
  checkedAt: Date;
  maxStalenessMs: number;
}

export function verdictFrom({ judgement: { code, readOnly, entitlement }, row, facts, checkedAt, maxStalenessMs }: Judged): ApiKeyVerdict {
  const valid = code === ApiKeyCode.VALID;
  const context = row && facts && (valid || readOnly) ? contextOf(row, facts) : UNTOLD;
  return { valid, code, readOnly, ...context, entitlement, checkedAt, maxStalenessMs };
}

function contextOf({ id, environment, projectId, scopes, ownerKind, ownerId, expiresAt, overlapEndsAt }: KeyRow, { tenant }: TenantFacts): KeyContext {
  return { apiKeyId: id, tenantId: tenant.id, tenantSlug: tenant.slug, environment, projectId, scopes, owner: ownerKind, ownerId, expiresAt: earlier(expiresAt, overlapEndsAt) };
}

function earlier(one: Date | null, other: Date | null): Date | null {
  if (one === null || other === null) return one ?? other;
  return one < other ? one : other;
}
