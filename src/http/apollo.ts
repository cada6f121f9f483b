/** Owns how Apollo Server is set up: its switches, bounds and plugins. What HTTP adds is `server.ts`. */
import { ApolloServer } from "@apollo/server";
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from "@apollo/server/plugin/disabled";
import type { GraphQLSchema } from "graphql";
import type { Logger } from "pino";
import { BOUNDS } from "../config.js";
import { answerSizePlugin } from "../kernel/answer-size.js";
import { documentLimits } from "../kernel/document-limits.js";
import { formatError } from "../kernel/error-format.js";
import { statusPlugin } from "../kernel/http-status.js";
import { limitsPlugin } from "../kernel/limits-plugin.js";
import { operationLogPlugin } from "../kernel/operation-log.js";
import type { RequestContext } from "../kernel/request.js";

export interface ApolloParts {
  schema: GraphQLSchema;
  introspection: boolean;
  log: Logger;
}

/** An Apollo Server that is not started yet. */
export function openApollo({ schema, introspection, log }: ApolloParts): ApolloServer<RequestContext> {
  return new ApolloServer<RequestContext>({
    schema,
    introspection,
    formatError,
    logger: log,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    hideSchemaDetailsFromClientErrors: true,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    stringifyResult: (value) => JSON.stringify(value),
    parseOptions: { maxTokens: BOUNDS.requests.maxTokens },
    executionOptions: { maxCoercionErrors: 10 },
    maxRecursiveSelections: BOUNDS.requests.maxRecursiveSelections,
    validationRules: [documentLimits(BOUNDS.requests)],
    plugins: [
      limitsPlugin(schema, BOUNDS.requests),
      operationLogPlugin(),
      answerSizePlugin(BOUNDS.answerBytes),
      statusPlugin(),
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });
}
