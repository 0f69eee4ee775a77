/** GraphQL's problem of a run that there is not. `kind` tells its type in a union. */
export function runNotFound({ id }: { id: string }) {
  return {
    kind: 'run-not-found' as const,
    code: 'RUN_NOT_FOUND',
    message: `There is no batch run "${id}".`,
    id,
  };
}

/** GraphQL's problem of a backfill that there is not. */
export function backfillNotFound({ id }: { id: string }) {
  return {
    kind: 'backfill-not-found' as const,
    code: 'BACKFILL_NOT_FOUND',
    message: `There is no backfill "${id}".`,
    id,
  };
}
