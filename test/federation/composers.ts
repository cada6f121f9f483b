/** Owns one face for the three compositions that the subgraph must please. */
import { composeServices as composeWithApollo } from "@apollo/composition";
import { composeServices as composeWithHive } from "@theguild/federation-composition";
import { federateSubgraphs } from "@wundergraph/composition";
import { buildSchema, parse, visit, type DocumentNode, type GraphQLSchema } from "graphql";

export interface SubgraphSource {
  name: string;
  url: string;
  sdl: string;
}

export interface Composition {
  /** What is wrong; the rest is then not there. */
  errors: string[];
  /** What is right but doubtful, in the composer's word a hint or a warning. */
  hints: string[];
  supergraph?: DocumentNode;
  /** What a client of the router sees. */
  api?: GraphQLSchema;
  /** Fields whose cost the router is told of beside the supergraph rather than in it. */
  priced: string[];
}

type Composer = (subgraphs: readonly SubgraphSource[]) => Composition;

const documents = (subgraphs: readonly SubgraphSource[]) => subgraphs.map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) }));
const texts = (problems: readonly unknown[] | undefined) => (problems ?? []).map(String);
const refused = (errors: readonly unknown[]): Composition => ({ errors: texts(errors), hints: [], priced: [] });

export const COMPOSERS: Record<"Apollo" | "Hive" | "Cosmo", Composer> = {
  Apollo(subgraphs) {
    const { errors, hints, supergraphSdl, schema } = composeWithApollo(documents(subgraphs));
    if (errors) return refused(errors);
    return { errors: [], hints: texts(hints), supergraph: parse(supergraphSdl), api: schema.toAPISchema().toGraphQLJSSchema(), priced: [] };
  },
  Hive(subgraphs) {
    const { errors, supergraphSdl, publicSdl } = composeWithHive(documents(subgraphs));
    if (errors) return refused(errors);
    return { errors: [], hints: [], supergraph: parse(supergraphSdl), api: buildSchema(publicSdl), priced: [] };
  },
  Cosmo(subgraphs) {
    const result = federateSubgraphs({ subgraphs: documents(subgraphs).map(({ typeDefs, ...subgraph }) => ({ ...subgraph, definitions: typeDefs })) });
    if (!result.success) return refused(result.errors);
    const costs = [...result.subgraphConfigBySubgraphName.values()].flatMap((subgraph) => subgraph.costs ?? []);
    return {
      errors: [],
      hints: texts(result.warnings),
      supergraph: result.federatedGraphAST,
      api: result.federatedGraphClientSchema,
      priced: costs.flatMap(({ fieldWeights, listSizes }) => [...fieldWeights.keys(), ...listSizes.keys()]),
    };
  },
};

const SECURITY = new Set(["authenticated", "requiresScopes"]);

/** The same SDL without the directives whose supergraph `@apollo/gateway` refuses to load. */
export function withoutSecurity(sdl: string): DocumentNode {
  return visit(parse(sdl), {
    Directive: ({ name }) => (SECURITY.has(name.value) ? null : undefined),
    StringValue: ({ value }, _key, parent) => (Array.isArray(parent) && value.startsWith("@") && SECURITY.has(value.slice(1)) ? null : undefined),
  });
}
