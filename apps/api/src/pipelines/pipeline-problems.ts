/** GraphQL's problem of a pipeline that no worker knows. `kind` tells its type in a union. */
export function pipelineNotFound({ name }: { name: string }) {
  return {
    kind: 'pipeline-not-found' as const,
    code: 'PIPELINE_NOT_FOUND',
    message: `There is no pipeline "${name}".`,
    name,
  };
}

export function wrongState({ message }: { message: string }) {
  return { kind: 'wrong-state' as const, code: 'WRONG_STATE', message };
}
