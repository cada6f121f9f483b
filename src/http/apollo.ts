/** Owns how Apollo Server is set up: its switches, bounds and plugins. What HTTP adds is `server.ts`. */
import { ApolloServer, type ApolloServerOptionsWithGateway } from "@apollo/server";
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from "@apollo/server/plugin/disabled";
import type { GraphQLSchema } from "graphql";
import type { Logger } from "pino";
import { BOUNDS } from "../config.js";
import { answerSize } from "../kernel/answer-size.js";
import { projectingExecutor, stringifyAnswer } from "../kernel/execution.js";
import { documentLimits } from "../kernel/document-limits.js";
import { formatError } from "../kernel/error-format.js";
import { answerStatus } from "../kernel/http-status.js";
import { operationLimits } from "../kernel/operation-limits.js";
import { operationLog } from "../kernel/operation-log.js";
import { operationPlugin, ownExecution, type OwnExecution } from "../kernel/operation-plugin.js";
import { postOnly } from "../kernel/post-only.js";
import type { RequestContext } from "../kernel/request.js";
import { operationUsage } from "../kernel/usage.js";

export interface ApolloParts {
  schema: GraphQLSchema;
  introspection: boolean;
  log: Logger;
}

/** An Apollo Server that is not started yet. */
export function openApollo({ schema, introspection, log }: ApolloParts): ApolloServer<RequestContext> {
  const execution = ownExecution(projectingExecutor(schema, MAX_COERCION_ERRORS));
  return new ApolloServer<RequestContext>({
    gateway: executing(schema, execution),
    introspection,
    formatError,
    logger: log,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    stringifyResult: stringifyAnswer,
    parseOptions: { maxTokens: BOUNDS.requests.maxTokens },
    maxRecursiveSelections: BOUNDS.requests.maxRecursiveSelections,
    validationRules: [documentLimits(BOUNDS.requests)],
    plugins: [
      operationPlugin([postOnly(schema), operationLimits(schema, BOUNDS.requests), operationLog, answerSize(BOUNDS.answerBytes), answerStatus, operationUsage], execution),
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });
}

const MAX_COERCION_ERRORS = 10;

/** Apollo Server lets nobody but a gateway execute otherwise than graphql-js does; this one has the schema at hand. */
function executing(schema: GraphQLSchema, { outcome }: OwnExecution): ApolloServerOptionsWithGateway<RequestContext>["gateway"] {
  return {
    load: async () => ({ executor: outcome as never }),
    onSchemaLoadOrUpdate(listener) {
      listener({ apiSchema: schema, coreSupergraphSdl: "" });
      return () => undefined;
    },
    stop: async () => undefined,
  };
}
