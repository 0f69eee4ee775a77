import { type PipelineDefinition, PipelineDefinitionError } from '@penstock/pipelines';

/**
 * The list that a module of pipelines exports.
 *
 * @param name what is imported: the name of a package, or a URL
 * @throws Error with what is wrong, in a line for people
 */
export async function pipelinesOf(name: string): Promise<readonly PipelineDefinition[]> {
  let list: unknown;
  try {
    ({ pipelines: list } = (await import(name)) as { pipelines?: unknown });
  } catch (error) {
    throw error instanceof PipelineDefinitionError
      ? error
      : new Error(wordsOf(error), { cause: error });
  }
  if (!Array.isArray(list) || !list.every(isDefinition)) {
    throw new Error('src/index.ts must export `pipelines`, a list of what pipeline(…) gives');
  }
  const names = list.map((definition) => definition.name);
  const twice = names.find((each, index) => names.indexOf(each) !== index);
  if (twice !== undefined) {
    throw new PipelineDefinitionError(twice, 'two pipelines have this name');
  }
  return list;
}

function isDefinition(value: unknown): value is PipelineDefinition {
  const { name, nodes, stages } = (value ?? {}) as Partial<PipelineDefinition>;
  return typeof name === 'string' && Array.isArray(nodes) && Array.isArray(stages);
}

/** What was thrown, and where in the module. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return `loading it threw ${String(error)}`;
  const at = /\(?(?:file:\/\/)?([^\s()]+:\d+:\d+)\)?/.exec(
    error.stack?.split('\n    at ')[1] ?? '',
  );
  return `${error.name}: ${error.message}${at === null ? '' : ` (${at[1]})`}`;
}
