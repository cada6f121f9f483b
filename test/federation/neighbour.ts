/**
 * Owns two other teams' subgraphs, for tests of the joined graph: support knows tenants and projects by id, billing knows
 * tenants by slug. Both are plain `@apollo/subgraph` behind a plain HTTP server, and check nobody.
 */
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { buildSubgraphSchema } from "@apollo/subgraph";
import { graphql, parse, type GraphQLSchema } from "graphql";

export interface Ticket {
  id: string;
  subject: string;
  tenantId: string;
  projectId: string;
  openedBy: string;
}

export interface Invoice {
  number: string;
  tenantSlug: string;
  productKey: string;
}

export interface Neighbour {
  name: string;
  url: string;
  sdl: string;
  /** Headers of the requests that it got, oldest first. */
  seen: IncomingHttpHeaders[];
  close(): Promise<void>;
}

const LINK = (imports: string) => `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: [${imports}])\n`;

export const SUPPORT_SDL = `${LINK('"@key", "@external", "@requires", "@authenticated", "@requiresScopes"')}
type Query {
  tickets: [Ticket!]!
}
type Ticket @key(fields: "id") {
  id: ID!
  subject: String!
  tenant: Tenant
  project: Project
  openedBy: User
}
extend type Tenant @key(fields: "id") {
  id: ID!
  keycloakOrganizationId: String @external
  supportTickets: [Ticket!]!
  identityConsole: String @requires(fields: "keycloakOrganizationId") @authenticated @requiresScopes(scopes: [["tenant.read_billing"]])
}
extend type Project @key(fields: "id") {
  id: ID!
  supportTickets: [Ticket!]!
}
type User @key(fields: "id") {
  id: ID!
  displayName: String!
}
`;

export const BILLING_SDL = `${LINK('"@key", "@shareable"')}
type Query {
  invoices: InvoiceConnection!
}
type InvoiceConnection {
  nodes: [Invoice!]!
  pageInfo: PageInfo!
}
type PageInfo @shareable {
  hasNextPage: Boolean!
  hasPreviousPage: Boolean!
  startCursor: String
  endCursor: String
}
type Invoice @key(fields: "number") {
  number: ID!
  tenant: Tenant
  product: Product
}
type Tenant @key(fields: "slug") {
  slug: String!
  invoices: [Invoice!]!
}
type Product @key(fields: "key") {
  key: ID!
  title: String!
}
`;

/** Start the support desk; it answers from `tickets` as they are at that moment. */
export function startSupport(tickets: readonly Ticket[]): Promise<Neighbour> {
  const resolvers = {
    Query: { tickets: () => tickets },
    Ticket: {
      __resolveReference: ({ id }: { id: string }) => tickets.find((ticket) => ticket.id === id),
      tenant: ({ tenantId }: Ticket) => ({ id: tenantId }),
      project: ({ projectId }: Ticket) => ({ id: projectId }),
      openedBy: ({ openedBy }: Ticket) => ({ id: openedBy }),
    },
    Tenant: {
      __resolveReference: (tenant: object) => tenant,
      supportTickets: ({ id }: { id: string }) => tickets.filter(({ tenantId }) => tenantId === id),
      identityConsole: ({ keycloakOrganizationId: organization }: { keycloakOrganizationId: string | null }) => organization && `https://id.example/${organization}`,
    },
    Project: {
      __resolveReference: (project: object) => project,
      supportTickets: ({ id }: { id: string }) => tickets.filter(({ projectId }) => projectId === id),
    },
    User: {
      __resolveReference: (user: object) => user,
      displayName: ({ id }: { id: string }) => `User ${id}`,
    },
  };
  return serve("support", SUPPORT_SDL, buildSubgraphSchema([{ typeDefs: parse(SUPPORT_SDL), resolvers }]));
}

/** Start billing; it answers from `invoices` as they are at that moment. */
export function startBilling(invoices: readonly Invoice[]): Promise<Neighbour> {
  const resolvers = {
    Query: { invoices: () => ({ nodes: invoices, pageInfo: { hasNextPage: false, hasPreviousPage: false } }) },
    Invoice: {
      __resolveReference: ({ number }: { number: string }) => invoices.find((invoice) => invoice.number === number),
      tenant: ({ tenantSlug }: Invoice) => ({ slug: tenantSlug }),
      product: ({ productKey }: Invoice) => ({ key: productKey }),
    },
    Tenant: {
      __resolveReference: (tenant: object) => tenant,
      invoices: ({ slug }: { slug: string }) => invoices.filter(({ tenantSlug }) => tenantSlug === slug),
    },
    Product: {
      __resolveReference: (product: object) => product,
      title: ({ key }: { key: string }) => `Product ${key}`,
    },
  };
  return serve("billing", BILLING_SDL, buildSubgraphSchema([{ typeDefs: parse(BILLING_SDL), resolvers }]));
}

async function serve(name: string, sdl: string, schema: GraphQLSchema): Promise<Neighbour> {
  const seen: IncomingHttpHeaders[] = [];
  const server = createServer(async (request, response) => {
    seen.push(request.headers);
    const { query, variables } = JSON.parse(await textOf(request)) as { query: string; variables?: Record<string, unknown> };
    const answer = await graphql({ schema, source: query, variableValues: variables });
    response.setHeader("content-type", "application/json").end(JSON.stringify(answer));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    name,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    sdl,
    seen,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
