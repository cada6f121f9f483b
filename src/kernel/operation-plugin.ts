/** Owns the one plugin of Apollo Server: what our own parts do around an operation, and who executes it. */
import {
  HeaderMap,
  type ApolloServerPlugin,
  type GraphQLRequestContext,
  type GraphQLRequestContextDidEncounterErrors,
  type GraphQLRequestContextDidResolveOperation,
  type GraphQLRequestContextWillSendResponse,
  type GraphQLRequestListener,
} from "@apollo/server";
import type { ExecutionResult } from "graphql";
import type { Executable } from "./execution.js";
import type { RequestContext } from "./request.js";

/** What a part does at the moments that Apollo Server tells of, by its names for them. Synchronous: one promise for all parts instead of some for each. */
export interface OperationListener {
  /** After validation, before execution. A fault refuses the operation. */
  didResolveOperation?(operation: GraphQLRequestContextDidResolveOperation<RequestContext>): void;
  didEncounterErrors?(operation: GraphQLRequestContextDidEncounterErrors<RequestContext>): void;
  willSendResponse?(operation: GraphQLRequestContextWillSendResponse<RequestContext>): void;
}

/** Called once for each operation; parts without a memory of it give the same listener every time. */
export type OperationPart = (started: GraphQLRequestContext<RequestContext>) => OperationListener;

/** `parts` in their order. They see what the ones before them have made of the answer. */
export function operationPlugin(parts: readonly OperationPart[], execution?: OwnExecution): ApolloServerPlugin<RequestContext> {
  return {
    async requestDidStart(started) {
      const listeners = parts.map((part) => part(started));
      return {
        async didResolveOperation(operation) {
          for (const listener of listeners) listener.didResolveOperation?.(operation);
        },
        async didEncounterErrors(operation) {
          for (const listener of listeners) listener.didEncounterErrors?.(operation);
        },
        async willSendResponse(operation) {
          for (const listener of listeners) listener.willSendResponse?.(operation);
        },
        ...(execution && { responseForOperation: execution.outright }),
      };
    },
  };
}

/** How operations are executed by `execute` instead of Apollo Server. */
export interface OwnExecution {
  outright: GraphQLRequestListener<RequestContext>["responseForOperation"] & object;
  /** The executor for what has not been answered outright: it gives the outcome that there already is, and executes nothing. */
  outcome(executable: Pick<Executable, "context">): Promise<ExecutionResult>;
}

/** Neither status nor headers of its own. */
const PLAIN_HEAD = { status: undefined, headers: new HeaderMap() };

/**
 * An answer without errors is given outright. Apollo Server's own phase of execution prepares for answers in parts and for tracing
 * resolvers, of which there are none; but only there are errors told, so an outcome with errors is passed on to it.
 */
export function ownExecution(execute: (executable: Executable) => Promise<ExecutionResult>): OwnExecution {
  // Apollo Server copies the request on its way to an executor, but not the context that it made for it.
  const outcomes = new WeakMap<RequestContext, Promise<ExecutionResult>>();
  return {
    async outright({ document, operation, request, contextValue }) {
      const outcome = execute({ document, operation, request, context: contextValue });
      const result = await outcome.catch(() => null);
      if (result && !result.errors) return { http: PLAIN_HEAD, body: { kind: "single", singleResult: result } };
      outcomes.set(contextValue, outcome);
      return null;
    },
    async outcome({ context }) {
      const outcome = outcomes.get(context);
      if (!outcome) throw new Error("an operation has no outcome: executing it now might do it a second time");
      return outcome;
    },
  };
}
