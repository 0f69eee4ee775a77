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
  to(
    topic: string,
    options?: { readonly id?: (value: Value, context: OperatorContext) => string },
  ): EndedStream<Value>;
  toCsv(fileName: string, columns: CsvColumns<Value>): EndedStream<Value>;
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

  to(topic: string, options: { readonly id?: unknown } = {}): EndedStream<Value> {
    checkName(this.#plan.name, topic, 'sink topic');
    if (options.id !== undefined) checkFunction(this.#plan.name, options.id, 'id');
    const id = (options.id as (() => string) | undefined) ?? null;
    return this.#end({ kind: 'topic', topic, input: this.#node, id });
  }

  toCsv(fileName: string, columns: CsvColumns<Value>): EndedStream<Value> {
    checkFileName(this.#plan.name, fileName);
    const list = toColumns(columns as CsvColumns<never>);
    if (list.length === 0) {
      throw new PipelineDefinitionError(this.#plan.name, 'toCsv() needs at least one column');
    }
    return this.#end({ kind: 'csv', fileName, input: this.#node, columns: list });
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
      to: (topic: string, options?: { readonly id?: unknown }) => further.to(topic, options),
      toCsv: (fileName: string, columns: CsvColumns<Value>) => further.toCsv(fileName, columns),
    });
    return remember(this.#plan, made);
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
