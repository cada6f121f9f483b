/** Owns how names are exposed: one field a kind of name, one call each. */
import { GraphQLJSONObject } from "graphql-scalars";
import { Arg, FieldResolver, Resolver, Root } from "type-graphql";
import { logFields, subjectFilter, type LogFields } from "../../packages/tenant-names/src/index.js";
import { ContextNames, ResourceKind, SecretProfile } from "./tenancy.answers.js";
import { messageSubjectOf, resourceNameOf, secretPathOf, sessionPathOf, stateKeyOf } from "./tenancy.names.js";

const SESSION = "The session's id, by whatever text the product or a messenger knows it.";

@Resolver(() => ContextNames)
export class ContextNamesResolver {
  @FieldResolver(() => String, { description: "The file that keeps a session." })
  sessionPath(@Root() { context }: ContextNames, @Arg("session", () => String, { description: SESSION }) session: string): string {
    return sessionPathOf(context, session);
  }

  @FieldResolver(() => String, { description: "The key of a session's working state." })
  stateKey(@Root() { context }: ContextNames, @Arg("session", () => String, { description: SESSION }) session: string): string {
    return stateKeyOf(context, session);
  }

  @FieldResolver(() => String, { description: "The subject that a channel's messages arrive on." })
  messageSubject(@Root() { context }: ContextNames, @Arg("channel", () => String, { description: "Slug of the channel; whether there is one is not looked at." }) channel: string): string {
    return messageSubjectOf(context, channel);
  }

  @FieldResolver(() => String, { description: "Every subject of the context: what its client subscribes to, and what it may be permitted." })
  subjectFilter(@Root() { context }: ContextNames): string {
    return subjectFilter(context);
  }

  @FieldResolver(() => String, { description: "Where a secret lies. The registry keeps none." })
  secretPath(
    @Root() { context }: ContextNames,
    @Arg("profile", () => SecretProfile, { defaultValue: SecretProfile.SECRETS, description: "The layout of the store." }) profile: SecretProfile,
    @Arg("key", () => String, { description: "1 to 4 parts, joined by `/`." }) key: string,
    @Arg("shared", () => Boolean, { defaultValue: false, description: "For all environments: the path then names none." }) shared: boolean,
  ): string {
    return secretPathOf(context, { profile, key, shared });
  }

  @FieldResolver(() => String, { description: "What `can` is asked about: the context itself, or one thing in it." })
  resourceName(
    @Root() { context }: ContextNames,
    @Arg("kind", () => ResourceKind, { nullable: true, description: "What it is; together with its id." }) kind: ResourceKind | null | undefined,
    @Arg("id", () => String, { nullable: true, description: "Which it is; whether there is one is not looked at." }) id: string | null | undefined,
  ): string {
    return resourceNameOf(context, kind ?? null, id ?? null);
  }

  @FieldResolver(() => GraphQLJSONObject, { description: "What the context's log lines carry: `tenant_id`, `env_id` and `team_id`, which are slugs." })
  logFields(@Root() { context }: ContextNames): LogFields {
    return logFields.print(context);
  }
}
