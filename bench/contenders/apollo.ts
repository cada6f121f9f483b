/** Owns the contenders of workload (e): Apollo Server with nothing else, on Fastify or standalone. */
import { ApolloServer } from "@apollo/server";
import { ApolloServerPluginCacheControlDisabled } from "@apollo/server/plugin/disabled";
import { startStandaloneServer } from "@apollo/server/standalone";
import fastifyApollo from "@as-integrations/fastify";
import Fastify from "fastify";

const port = Number(process.env["PORT"]);
// Without the plugin that wraps every resolver: the comparison is with Apollo Server as fast as it gets.
const apollo = new ApolloServer({ typeDefs: "type Query { nothing: Boolean }", plugins: [ApolloServerPluginCacheControlDisabled()] });

if (process.argv[2] === "standalone") {
  await startStandaloneServer(apollo, { listen: { port, host: "127.0.0.1" } });
} else {
  await apollo.start();
  const app = Fastify();
  await app.register(fastifyApollo(apollo));
  await app.listen({ port, host: "127.0.0.1" });
}
