import type { PipelineDefinition } from '@penstock/pipelines';

/** Thrown for a record that is left out by decision, so that it becomes a dead letter. */
class LeftOutByHand extends Error {
  override readonly name = 'LeftOutByHand';
}

type Operator = PipelineDefinition['operators'][number];

/**
 * The definition with the records at these offsets left out: they go to the dead-letter topic, as
 * any record does that cannot be processed, and the reason says who decided it.
 */
export function withoutRecords(
  definition: PipelineDefinition,
  runId: string,
  partition: { readonly topic: string; readonly partition: number },
  offsets: readonly number[],
): PipelineDefinition {
  if (offsets.length === 0) {
    return definition;
  }
  const skipped = new Set(offsets);
  const leaveOut: Operator = {
    kind: 'filter',
    label: 'left out by hand',
    apply: (_, context) => {
      const isHere = context.topic === partition.topic && context.partition === partition.partition;
      if (isHere && skipped.has(context.offset)) {
        throw new LeftOutByHand(`left out by hand when run ${runId} was retried`);
      }
      return true;
    },
  };
  // Trying again would change nothing.
  const retry = { ...definition.retry, attempts: 1 };
  return { ...definition, retry, operators: [leaveOut, ...definition.operators] };
}
