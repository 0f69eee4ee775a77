import { PipelineDefinitionError } from './definition-error.ts';
import type { WindowNode } from './nodes.ts';
import type { OperatorContext } from './source-record.ts';

export interface AggregateOptions<Value, Accumulator, Row extends object> {
  /** What people read. */
  readonly label?: string;
  /** An empty accumulator. It, and all that comes of it, must survive JSON. */
  readonly init: (key: string) => Accumulator;
  /** The accumulator with one more value. The order of the values is not defined. */
  readonly add: (accumulator: Accumulator, value: Value, context: OperatorContext) => Accumulator;
  /** Joins two accumulators; sessions need it. The order must not matter. */
  readonly merge?: (left: Accumulator, right: Accumulator) => Accumulator;
  /** What the row says besides its key and window. */
  readonly result: (key: string, accumulator: Accumulator) => Row;
}

/** The row of one key. */
export type RowOf<Row> = { readonly key: string } & Row;

/** The row of one key and window. Times are ISO 8601 in UTC; the end is not part of the window. */
export type WindowRow<Row> = RowOf<Row> & {
  readonly windowStart: string;
  readonly windowEnd: string;
};

type Fold = Pick<WindowNode, 'label' | 'init' | 'add' | 'merge' | 'result'>;

/** Checks the functions of an aggregate. Throws PipelineDefinitionError. */
export function toFold(
  pipeline: string,
  options: AggregateOptions<unknown, unknown, object>,
): Fold {
  for (const part of ['init', 'add', 'result'] as const) {
    if (typeof options[part] !== 'function') {
      throw new PipelineDefinitionError(pipeline, `aggregate() needs the function ${part}`);
    }
  }
  if (options.merge !== undefined && typeof options.merge !== 'function') {
    throw new PipelineDefinitionError(pipeline, 'merge must be a function');
  }
  const { init, add, result } = options;
  return {
    label: options.label ?? 'aggregate',
    init,
    add,
    merge: options.merge ?? null,
    result,
  };
}
