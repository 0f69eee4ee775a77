import { unwrapResolverError } from '@apollo/server/errors';
import { ClusterUnavailable, type Problem } from '@penstock/control-plane';
import { asDatabaseProblem } from '@penstock/platform';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';

/** An outage or a bug that a client should not be told the insides of. */
const INTERNAL_MESSAGE = 'Something went wrong here. The log of the api process says what.';

/** For subscriptions, which have no union to answer with before their stream begins. */
export function problemError(problem: Problem): GraphQLError {
  return new GraphQLError(problem.message, { extensions: { code: problem.code } });
}

/**
 * What a client sees of an error: a stable `extensions.code`, a message for people, no stack.
 *
 * @param givenCode the code that Apollo has found for it, where Apollo has seen it
 * @returns `internal` is set when the error was not meant for a client and has to be logged here
 */
export function describeError(
  error: unknown,
  givenCode?: unknown,
): { formatted: Pick<GraphQLFormattedError, 'message' | 'extensions'>; internal: unknown } {
  const original = unwrapResolverError(error);
  const outage = original instanceof ClusterUnavailable ? original : asDatabaseProblem(original);
  if (outage !== null) {
    const extensions = { code: outage.code };
    return { formatted: { message: outage.message, extensions }, internal: null };
  }
  if (error instanceof GraphQLError) {
    const code = givenCode ?? error.extensions['code'] ?? codeOfDocumentError(error);
    if (typeof code === 'string' && code !== 'INTERNAL_SERVER_ERROR') {
      return { formatted: { message: error.message, extensions: { code } }, internal: null };
    }
  }
  return {
    formatted: { message: INTERNAL_MESSAGE, extensions: { code: 'INTERNAL_SERVER_ERROR' } },
    internal: original,
  };
}

/** An error without a cause is graphql-js's own: the document does not fit the schema. */
function codeOfDocumentError(error: GraphQLError): string | undefined {
  return error.originalError === undefined ? 'GRAPHQL_VALIDATION_FAILED' : undefined;
}
