/** Owns what a context looks like in the graph. How it comes about is `tenancy.context.ts`; what its fields answer, the resolvers. */
import { Field, ID, ObjectType, registerEnumType } from "type-graphql";
import type { SecretProfile as NamedProfile, TenantContext as NamedContext } from "../../packages/tenant-names/src/index.js";
import { ApiKeyVerdict } from "../api-key-verdict/api-key-verdict.answers.js";
import type { Settings } from "../settings/settings.js";

/** The two layouts of a secret store, by the names that `tenant-names` has for them. */
export enum SecretProfile {
  SECRETS = "secrets",
  GBO = "gbo",
}
SecretProfile satisfies Record<string, NamedProfile>;

registerEnumType(SecretProfile, {
  name: "SecretProfile",
  description: "A layout of a secret store.",
  valuesConfig: {
    SECRETS: { description: "Below `secrets/{tenant}/`." },
    GBO: { description: "Below `gbo/orgs/{tenant}/`." },
  },
});

/** What a resource's name can end in, by the words that `tenant-names` has for them. */
export enum ResourceKind {
  CHANNELS = "channels",
  FLOWS = "flows",
  SESSIONS = "sessions",
  SECRETS = "secrets",
}

registerEnumType(ResourceKind, {
  name: "ResourceKind",
  description: "What one may have a right to inside a context.",
  valuesConfig: {
    CHANNELS: { description: "A channel of the context's team, by its slug. The same in every environment." },
    FLOWS: { description: "A flow of the tenant, by its name. The same in every environment and team." },
    SESSIONS: { description: "A session of the context, by whatever id the product gives it." },
    SECRETS: { description: "A secret of the context, by one part of a key." },
  },
});

@ObjectType({ description: "Names for what belongs to a context. No two contexts and no two ids share one, and each can be read back by the package `tenant-names`, which makes them without asking." })
export class ContextNames {
  readonly context: NamedContext;
}

@ObjectType({ description: "For whom something happens: a tenant, in one of its environments, and one of its teams or none. Every part was looked up, and stays as it is.", simpleResolvers: true })
export class TenantContext {
  @Field(() => ID, { description: "Id of the tenant." })
  readonly tenantId: string;

  @Field(() => String, { description: "Slug of the tenant, which is what names are made of." })
  readonly tenantSlug: string;

  @Field(() => ID, { description: "Id of the environment." })
  readonly environmentId: string;

  @Field(() => String, { description: "Slug of the environment." })
  readonly environment: string;

  @Field(() => ID, { nullable: true, description: "Id of the team; null when none was named." })
  readonly teamId: string | null;

  @Field(() => String, { nullable: true, description: "Slug of the team; null when none was named." })
  readonly team: string | null;

  @Field(() => Boolean, { description: "The tenant is frozen: serve it without letting it change anything." })
  readonly readOnly: boolean;

  readonly named: NamedContext;
  /** Where the environment is placed; null when it is on no cluster. */
  readonly clusterSlug: string | null;
  /** What each owner says for itself. */
  readonly says: { readonly tenant: Settings; readonly environment: Settings; readonly team: Settings | null };
}

@ObjectType({ description: "What may be done with an API key, and in which context.", simpleResolvers: true })
export class KeyContext {
  @Field(() => ApiKeyVerdict, { description: "As `verifyApiKey` tells it." })
  readonly verdict: ApiKeyVerdict;

  @Field(() => TenantContext, { nullable: true, description: "Null unless the key is valid or read-only, and its tenant has that environment and team." })
  readonly context: TenantContext | null;
}
