/** Owns the rule that what carries a secret is not asked with GET: what stands in an address is kept by browsers, proxies and logs on the way. */
import { HeaderMap } from "@apollo/server";
import { GraphQLError, type GraphQLSchema } from "graphql";
import { Extensions } from "type-graphql";
import { Fault } from "./fault.js";
import type { OperationListener, OperationPart } from "./operation-plugin.js";
import { rootFields } from "./root-fields.js";

/** Declare that a query is answered to POST only, as every mutation is. */
export function PostOnly(): MethodDecorator & PropertyDecorator {
  return Extensions({ postOnly: true });
}

/**
 * The part that refuses what is declared so.
 *
 * Faults  BAD_USER_INPUT with HTTP status 405.
 */
export function postOnly(schema: GraphQLSchema): OperationPart {
  const queries = Object.values(schema.getQueryType()?.getFields() ?? {});
  const refused = new Set(queries.filter(({ extensions }) => extensions["postOnly"] === true).map(({ name }) => name));
  const listener: OperationListener = {
    didResolveOperation({ request, document, operation }) {
      if (request.http?.method !== "GET" || !operation) return;
      if (rootFields(document, operation).some(({ name }) => refused.has(name.value))) throw refusal();
    },
  };
  return () => listener;
}

function refusal(): GraphQLError {
  const fault = new Fault("BAD_USER_INPUT", "Ask this with POST: the address of a GET is kept in too many places");
  const http: object = { status: 405, headers: new HeaderMap([["allow", "POST"]]) };
  return new GraphQLError(fault.message, { originalError: fault, extensions: { code: fault.code, http } });
}
