/** Owns the real gateways that the joined graph is asked through, behind one face. */
import { ApolloGateway, RemoteGraphQLDataSource } from "@apollo/gateway";
import { ApolloServer } from "@apollo/server";
import { createGatewayRuntime, type GatewayConfigSupergraph } from "@graphql-hive/gateway-runtime";
import { unifiedGraphHandler } from "@graphql-hive/router-runtime";
import { print, type GraphQLFormattedError } from "graphql";
import { composeSupergraph } from "../../deploy/router/compose-supergraph.js";
import { gatewayConfig, PROPAGATED_HEADERS } from "../../deploy/router/gateway.config.js";
import { COMPOSERS, withoutSecurity, type SubgraphSource } from "./composers.js";

export interface GatewayAnswer {
  data?: Record<string, any> | null; // any: every test knows the shape that it asked for
  errors?: readonly GraphQLFormattedError[];
}

export interface Gateway {
  ask(query: string, headers?: Record<string, string>, variables?: Record<string, unknown>): Promise<GatewayAnswer>;
  close(): Promise<void>;
}

export interface GatewayKind {
  name: string;
  start(subgraphs: readonly SubgraphSource[]): Promise<Gateway>;
  /**
   * It asks the fields of an entity that a subgraph answered with null: the data is right, and each non-null field that was
   * selected adds an error to it. Seen in Hive's stitching of `@graphql-hive/gateway-runtime` 2.12.1; the other two just say null.
   */
  completesMissing: boolean;
}

/** Each with its own planner; Hive's with the configuration that is deployed. */
export const GATEWAYS: readonly GatewayKind[] = [
  { name: "Hive Gateway, JavaScript planner", start: startHive, completesMissing: true },
  { name: "Hive Gateway, Rust planner", start: (subgraphs) => startHive(subgraphs, { unifiedGraphHandler }), completesMissing: false },
  { name: "Apollo Gateway", start: startApollo, completesMissing: false },
];

/** Hive Gateway as it is deployed, with what is added to its configuration. */
export async function startHive(subgraphs: readonly SubgraphSource[], added: Partial<GatewayConfigSupergraph> = {}): Promise<Gateway> {
  const runtime = createGatewayRuntime({ ...gatewayConfig, ...added, logging: false, supergraph: composeSupergraph(subgraphs) });
  return {
    async ask(query, headers = {}, variables = {}) {
      const response = await runtime.fetch("http://router.example/graphql", {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify({ query, variables }),
      });
      return (await response.json()) as GatewayAnswer;
    },
    close: async () => runtime[Symbol.asyncDispose](),
  };
}

async function startApollo(subgraphs: readonly SubgraphSource[]): Promise<Gateway> {
  const { supergraph, errors } = COMPOSERS.Apollo(subgraphs.map(({ sdl, ...subgraph }) => ({ ...subgraph, sdl: print(withoutSecurity(sdl)) })));
  if (!supergraph) throw new Error(errors.join("\n"));
  // Otherwise it asks every cloud's metadata server where it runs and reports to its maker every hour.
  process.env["APOLLO_TELEMETRY_DISABLED"] = "true";
  const gateway = new ApolloGateway({
    supergraphSdl: print(supergraph),
    buildService: ({ url }) =>
      new RemoteGraphQLDataSource<Record<string, string>>({
        url: url ?? "",
        willSendRequest({ request, context }) {
          for (const name of [...PROPAGATED_HEADERS, "x-request-id"]) {
            const value = context[name];
            if (value !== undefined) request.http?.headers.set(name, value);
          }
        },
      }),
  });
  const server = new ApolloServer<Record<string, string>>({ gateway, stopOnTerminationSignals: false, includeStacktraceInErrorResponses: false });
  await server.start();
  return {
    async ask(query, headers = {}, variables = {}) {
      const { body } = await server.executeOperation({ query, variables }, { contextValue: headers });
      if (body.kind !== "single") throw new Error("one answer was expected");
      return body.singleResult as GatewayAnswer;
    },
    close: () => server.stop(),
  };
}
