/** Owns how an operation is executed: compiled to a function when it is asked again, interpreted otherwise. The results are the same. */
import type { GatewayExecutor, GatewayInterface } from "@apollo/server-gateway-interface";
import { execute, type GraphQLSchema } from "graphql";
import { compileQuery, isCompiledQuery, type CompiledQuery } from "graphql-jit";
import { LRUCache } from "lru-cache";

/** Compiling costs about as much as executing a list once, so what is asked only once is not compiled. */
const COMPILE_AT_USE = 2;
const REMEMBER_AT_MOST = 500;

interface Operation {
  uses: number;
  compiled?: CompiledQuery;
}

/**
 * Apollo Server executes through a gateway when it is given one; this one executes on the spot. Apollo's plugins, validation and
 * error handling stay as they are.
 */
export function compiledExecution(schema: GraphQLSchema): GatewayInterface {
  const operations = new LRUCache<string, Operation>({ max: REMEMBER_AT_MOST });
  const executor: GatewayExecutor = async ({ document, queryHash, operationName, context, request }) => {
    const key = `${queryHash} ${operationName ?? ""}`;
    const operation = operations.get(key) ?? { uses: 0 };
    operations.set(key, operation);
    operation.uses += 1;
    if (operation.uses >= COMPILE_AT_USE && !operation.compiled) {
      const compiled = compileQuery(schema, document, operationName ?? undefined);
      if (isCompiledQuery(compiled)) operation.compiled = compiled;
    }
    const variableValues = request.variables ?? {};
    return operation.compiled
      ? operation.compiled.query(undefined, context, variableValues)
      : execute({ schema, document, contextValue: context, variableValues, operationName });
  };
  return {
    load: async () => ({ executor }),
    onSchemaLoadOrUpdate(loaded) {
      loaded({ apiSchema: schema, coreSupergraphSdl: "" });
      return () => undefined;
    },
    stop: async () => undefined,
  };
}
