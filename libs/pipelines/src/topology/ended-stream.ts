import { PipelineDefinitionError } from './definition-error.ts';
import type { CsvColumn, Node } from './nodes.ts';
import type { PipelineDefinition } from './pipeline-definition.ts';
import { define, type Plan } from './pipeline-options.ts';
import type { OperatorContext } from './source-record.ts';
import { checkFileName, checkFunction, checkName } from './validation.ts';

/** Names of the row's fields, or headers with a function of the row. */
export type CsvColumns<Row> =
  ReadonlyArray<keyof Row & string> | Readonly<Record<string, (row: Row) => unknown>>;

/** A finished definition that can be given a second sink. */
export interface EndedStream<Value> extends PipelineDefinition {
  to(topic: string, options?: TopicOptions<Value>): EndedStream<Value>;
  toCsv(fileName: string, columns: CsvColumns<Value>, options?: CsvOptions): EndedStream<Value>;
}

export interface TopicOptions<Value> {
  /** Identity of an output (header `penstock.id`); what follows from its sources when absent. */
  readonly id?: (value: Value, context: OperatorContext) => string;
  /** Whether the topic, when the pipeline makes it, keeps only the newest record of each key. */
  readonly compacted?: boolean;
}

export interface CsvOptions {
  /**
   * Columns of whole numbers whose sums stand in a last line: `TOTAL`, the number of rows, and the
   * sums in their columns.
   */
  readonly totals?: readonly string[];
}

const plans = new WeakMap<PipelineDefinition, Plan>();

/**
 * One pipeline that ends in several places: `endsIn(alerts.to('alerts'), counts.to('counts'))`.
 * Throws PipelineDefinitionError when the ends are not of one `pipeline(…)`.
 */
export function endsIn(
  ...ends: readonly [PipelineDefinition, ...PipelineDefinition[]]
): PipelineDefinition {
  const [first, ...others] = ends;
  const plan = plans.get(first);
  for (const other of others) {
    if (plan === undefined || plans.get(other) !== plan) {
      throw new PipelineDefinitionError(
        first.name,
        'endsIn() needs ends of the same pipeline: begin all from one pipeline(…)',
      );
    }
  }
  return others.length === 0 || plan === undefined
    ? first
    : remember(
        plan,
        define(
          plan,
          ends.flatMap(({ sinks }) => sinks),
        ),
      );
}

function remember<Definition extends PipelineDefinition>(plan: Plan, made: Definition): Definition {
  plans.set(made, plan);
  return made;
}

/** An end of a stream while it is defined. */
export class StreamEnd<Value> {
  readonly #plan: Plan;
  readonly #node: Node;
  readonly #sinks: PipelineDefinition['sinks'];

  constructor(plan: Plan, node: Node, sinks: PipelineDefinition['sinks']) {
    this.#plan = plan;
    this.#node = node;
    this.#sinks = sinks;
  }

  to(topic: string, options: TopicOptions<Value> = {}): EndedStream<Value> {
    checkName(this.#plan.name, topic, 'sink topic');
    if (options.id !== undefined) checkFunction(this.#plan.name, options.id, 'id');
    const id = (options.id as (() => string) | undefined) ?? null;
    const { compacted = false } = options;
    return this.#end({ kind: 'topic', topic, input: this.#node, id, compacted });
  }

  toCsv(
    fileName: string,
    columns: CsvColumns<Value>,
    { totals = [] }: CsvOptions = {},
  ): EndedStream<Value> {
    checkFileName(this.#plan.name, fileName);
    const list = toColumns(columns as CsvColumns<never>);
    if (list.length === 0) {
      throw new PipelineDefinitionError(this.#plan.name, 'toCsv() needs at least one column');
    }
    checkTotals(this.#plan.name, list, totals);
    return this.#end({ kind: 'csv', fileName, input: this.#node, columns: list, totals });
  }

  #end(sink: PipelineDefinition['sinks'][number]): EndedStream<Value> {
    const sinks = [...this.#sinks, sink];
    if (sinks.filter(({ kind }) => kind === sink.kind).length > 1) {
      throw new PipelineDefinitionError(
        this.#plan.name,
        `a stream can end in one ${sink.kind} only`,
      );
    }
    const further = new StreamEnd<Value>(this.#plan, this.#node, sinks);
    const made: EndedStream<Value> = Object.freeze({
      ...define(this.#plan, sinks),
      to: (topic: string, options?: TopicOptions<Value>) => further.to(topic, options),
      toCsv: (fileName: string, columns: CsvColumns<Value>, options?: CsvOptions) =>
        further.toCsv(fileName, columns, options),
    });
    return remember(this.#plan, made);
  }
}

/** The first two columns of the last line are taken. */
function checkTotals(name: string, columns: readonly CsvColumn[], totals: readonly string[]): void {
  const free = columns.slice(2).map(({ header }) => header);
  const other = totals.find((header) => !free.includes(header));
  if (other !== undefined) {
    const allowed = free.length === 0 ? 'there is none' : `these are ${free.join(', ')}`;
    throw new PipelineDefinitionError(
      name,
      `totals of toCsv() names "${other}", which is no column behind the second: ${allowed}`,
    );
  }
}

function toColumns(columns: CsvColumns<never>): CsvColumn[] {
  return Array.isArray(columns)
    ? (columns as readonly string[]).map((header) => ({
        header,
        value: (row) => (row as Record<string, unknown>)[header],
      }))
    : Object.entries(columns).map(([header, value]) => ({
        header,
        value: value as CsvColumn['value'],
      }));
}
