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
  isObjectType,
  lexicographicSortSchema,
  parse,
  type GraphQLFieldConfig,
} from "graphql";
import { DEFAULT_LIMITS } from "./limits.js";
import { dereference, referenceActions, typeNameOf, type Representation } from "./reference.js";
import type { RequestContext } from "./request.js";

/** Federation 2.9 is the highest that Apollo's, Hive's and Cosmo's composition all accept (measured 2026-11). */
const LINK = `extend schema @link(
  url: "https://specs.apollo.dev/federation/v2.9"
  import: ["@authenticated", "@cost", "@inaccessible", "@key", "@listSize", "@requiresScopes", "@shareable", "@tag"]
)
`;

export interface Subgraph {
  schema: GraphQLSchema;
  /** What `schema.graphql` holds and `_service` answers: sorted, with directives and descriptions, without federation's own definitions. */
  sdl: string;
}

/**
 * Printing a schema and building it again would lose extensions (the access marks) and enum values, so the shell that
 * `buildSubgraphSchema` makes is thrown away: it only proves that the SDL is a subgraph's.
 */
export function graftFederation(schema: GraphQLSchema): Subgraph {
  const query = schema.getQueryType();
  if (!query) throw new Error("a subgraph needs a query");
  const sdl = `${LINK}\n${printSchemaWithDirectives(lexicographicSortSchema(schema))}\n`;
  buildSubgraphSchema([{ typeDefs: parse(sdl) }]);
  const config = query.toConfig();
  const grafted = new GraphQLObjectType({
    ...config,
    fields: { ...config.fields, _entities: entitiesField(schema), _service: serviceField(sdl) },
  });
  const whole = schema.toConfig();
  return { sdl, schema: new GraphQLSchema({ ...whole, query: grafted, types: whole.types.filter((type) => type !== query) }) };
}

/**
 * Written here rather than taken from `@apollo/subgraph`, which fails the whole request for one unknown `__typename` and
 * echoes representations of entities that are looked up elsewhere (`resolvable: false`).
 */
function entitiesField(schema: GraphQLSchema): GraphQLFieldConfig<unknown, RequestContext, { representations: Representation[] }> {
  const any = new GraphQLScalarType({ name: "_Any", description: "A reference to an entity: its `__typename` and the fields of one key." });
  const types = [...referenceActions().keys()].sort().map((name) => entityType(schema, name));
  const entity = new GraphQLUnionType({ name: "_Entity", types, resolveType: typeNameOf });
  return {
    description: "Entities by reference, for routers.",
    type: new GraphQLNonNull(new GraphQLList(entity)),
    args: {
      representations: {
        description: `At most ${DEFAULT_LIMITS.maxRepresentations}.`,
        type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(any))),
      },
    },
    resolve: (_source, { representations }, context, info) => representations.map((one) => dereference(one, context, info)),
  };
}

function entityType(schema: GraphQLSchema, name: string): GraphQLObjectType {
  const type = schema.getType(name);
  if (!isObjectType(type)) throw new Error(`reference() names ${name}, which is not an object type of the schema`);
  return type;
}

function serviceField(sdl: string): GraphQLFieldConfig<unknown, RequestContext> {
  const service = new GraphQLObjectType({ name: "_Service", fields: { sdl: { type: GraphQLString } } });
  return { description: "This subgraph's schema, for composition.", type: new GraphQLNonNull(service), resolve: () => ({ sdl }) };
}
