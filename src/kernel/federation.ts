/** Owns how the TypeGraphQL schema becomes a federation subgraph: `_service` and `_entities` are grafted onto it, nothing is rebuilt. */
import { buildSubgraphSchema } from "@apollo/subgraph";
import { printSchemaWithDirectives } from "@graphql-tools/utils";
import {
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLScalarType,
  GraphQLSchema,
  GraphQLString,
  GraphQLUnionType,
  graphqlSync,
  isUnionType,
  lexicographicSortSchema,
  parse,
} from "graphql";
import { attachReferences } from "./reference.js";

/** Federation 2.9 is the highest that Apollo's, Hive's and Cosmo's composition all accept (measured 2026-11). */
const LINK = `extend schema @link(
  url: "https://specs.apollo.dev/federation/v2.9"
  import: ["@authenticated", "@cost", "@inaccessible", "@key", "@listSize", "@requiresScopes", "@shareable", "@tag"]
)
`;

export interface Subgraph {
  schema: GraphQLSchema;
  /** What `schema.graphql` holds: sorted, with directives and descriptions, without federation's own definitions. */
  sdl: string;
}

/**
 * Printing a schema and building it again would lose extensions (the access marks) and enum values, so the shell that
 * `buildSubgraphSchema` makes only validates the SDL and lends its `_service` and `_entities`.
 */
export function graftFederation(schema: GraphQLSchema): Subgraph {
  attachReferences(schema);
  const sdl = `${LINK}\n${printSchemaWithDirectives(lexicographicSortSchema(schema))}\n`;
  const shell = buildSubgraphSchema([{ typeDefs: parse(sdl) }]);
  const service = graphqlSync({ schema: shell, source: "{ _service { sdl } }" }).data?.["_service"];
  const shellFields = shell.getQueryType()?.getFields();
  const entityUnion = shell.getType("_Entity");
  const query = schema.getQueryType();
  if (!query || !shellFields?.["_entities"] || !isUnionType(entityUnion)) throw new Error("the subgraph has no query or no entity");

  const anyScalar = new GraphQLScalarType({ name: "_Any", serialize: (value) => value });
  const serviceType = new GraphQLObjectType({ name: "_Service", fields: { sdl: { type: GraphQLString } } });
  const entityType = new GraphQLUnionType({
    name: "_Entity",
    types: entityUnion.getTypes().map(({ name }) => schema.getType(name) as GraphQLObjectType),
    resolveType: (value: { __typename: string }) => value.__typename,
  });
  const config = query.toConfig();
  const grafted = new GraphQLObjectType({
    ...config,
    fields: {
      ...config.fields,
      _entities: {
        type: new GraphQLNonNull(new GraphQLList(entityType)),
        args: { representations: { type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(anyScalar))) } },
        resolve: shellFields["_entities"].resolve,
      },
      _service: { type: new GraphQLNonNull(serviceType), resolve: () => service },
    },
  });
  const whole = schema.toConfig();
  return { sdl, schema: new GraphQLSchema({ ...whole, query: grafted, types: whole.types.filter((type) => type !== query) }) };
}
