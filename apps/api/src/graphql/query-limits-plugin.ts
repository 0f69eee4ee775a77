import type { ApolloServerPlugin } from '@apollo/server';
import { checkQueryLimits } from './query-limits.ts';

/** Refuses operations over HTTP that nest too deep or ask for too much, before they run. */
export function queryLimitsPlugin(): ApolloServerPlugin {
  return {
    requestDidStart: async ({ schema }) => ({
      didResolveOperation: async ({ document, operationName, request }) => {
        const refused = checkQueryLimits(schema, document, {
          name: operationName,
          variables: request.variables,
        });
        if (refused !== null) {
          throw refused;
        }
      },
    }),
  };
}
