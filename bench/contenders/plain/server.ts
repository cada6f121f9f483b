/** Owns the contender "plain": TypeGraphQL, TypeORM, DataLoader and Apollo Server put together as tutorials do. */
import "reflect-metadata";
import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";
import { buildSchema } from "type-graphql";
import { DataSource } from "typeorm";
import { POOL_SIZE } from "../pool.js";
import { PlainApiKey, PlainAuditEvent, PlainEntitlement, PlainProject, PlainTenant } from "./entities.js";
import { loadersOf, PlainTenantResolver, type PlainContext } from "./resolvers.js";

const dataSource = await new DataSource({
  type: "postgres",
  url: process.env["DATABASE_URL"],
  poolSize: POOL_SIZE,
  entities: [PlainTenant, PlainProject, PlainEntitlement, PlainApiKey, PlainAuditEvent],
}).initialize();
const apollo = new ApolloServer<PlainContext>({ schema: await buildSchema({ resolvers: [PlainTenantResolver] }) });
await startStandaloneServer(apollo, {
  listen: { port: Number(process.env["PORT"]), host: "127.0.0.1" },
  context: async () => ({ dataSource, loaders: loadersOf(dataSource) }),
});
