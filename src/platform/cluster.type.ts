/** Owns what a cluster is in the graph: a place where environments of tenants run. */
import { Directive, Field, ID, ObjectType, registerEnumType } from "type-graphql";
import { secretPaths } from "../../packages/tenant-names/src/index.js";
import { ClusterKind, type Platform } from "./platform.js";

registerEnumType(ClusterKind, {
  name: "ClusterKind",
  description: "Whose a cluster is.",
  valuesConfig: {
    SHARED: { description: "It runs environments of several tenants." },
    DEDICATED: { description: "It runs environments of one tenant only." },
  },
});

@ObjectType({ description: "Something that a cluster has of its own, by reference: where it is reached, and how, is in the secret store.", simpleResolvers: true })
export class InfrastructureReference {
  @Field(() => String, { description: "What it is: `tables`, `drive`, `cache`, `email`, `directory`, `llm` or `models`." })
  kind: string;

  @Field(() => String, { description: "Its path in the secret store, for instance `gbo/tenants/shared/infrastructure/tables`." })
  path: string;
}

@Directive('@key(fields: "slug")')
@ObjectType({ description: "A place where environments of tenants run.", simpleResolvers: true })
export class Cluster {
  @Field(() => ID, { description: "Its name in the platform's file, for instance `shared`." })
  slug: string;

  @Field(() => String, { nullable: true, description: "Name for people; null when the platform's file does not have the cluster any more." })
  name: string | null;

  @Field(() => ClusterKind, { nullable: true, description: "Null when the platform's file does not have the cluster any more." })
  kind: ClusterKind | null;

  @Field(() => String, { nullable: true, description: "Where it is reached; null when the platform's file does not have the cluster any more." })
  domain: string | null;

  @Field(() => Boolean, { description: "Does the platform's file have the cluster? One that was taken out stays where environments are placed on it." })
  known: boolean;

  @Directive("@listSize(assumedSize: 7)")
  @Field(() => [InfrastructureReference], { description: "What it has of its own, in the platform's order." })
  infrastructure: readonly InfrastructureReference[];
}

/** The cluster of a row: one that the file does not have any more is there by its name alone. */
export function clusterOf(platform: Platform, slug: string): Cluster {
  const manifest = platform.cluster(slug);
  if (!manifest) return { slug, name: null, kind: null, domain: null, known: false, infrastructure: [] };
  const { name, kind, domain, infrastructure } = manifest;
  const references = infrastructure.map((part) => ({ kind: part, path: secretPaths.gbo.print({ owner: { kind: "cluster", cluster: slug }, key: ["infrastructure", part] }) }));
  return { slug, name, kind, domain, known: true, infrastructure: references };
}
