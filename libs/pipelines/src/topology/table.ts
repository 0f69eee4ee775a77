import { PipelineDefinitionError } from './definition-error.ts';
import type { TableSource, ValueFormat } from './nodes.ts';
import { type Schema, toParse } from './schema.ts';
import type { Table } from './source-record.ts';
import { checkName } from './validation.ts';

export interface TableOptions<Row> {
  /** What turns a decoded value into a row, or refuses it. */
  readonly schema: Schema<Row>;
  /** How the record's bytes are read before the schema sees them; `json` when absent. */
  readonly format?: ValueFormat;
  /** Key of a row; the record's key as text when absent. */
  readonly key?: (row: Row) => string;
}

const sources = new WeakMap<Table<unknown>, TableSource>();

/**
 * A compacted topic as a table: the newest record of a key is its row, a tombstone removes it.
 * Throws PipelineDefinitionError on a bad option.
 */
export function table<Row>(topic: string, options: TableOptions<Row>): Table<Row> {
  const name = `table ${topic}`;
  checkName(name, topic, 'topic');
  const parse = toParse(options.schema);
  if (parse === null) {
    throw new PipelineDefinitionError(name, 'the schema must be a Standard Schema or a function');
  }
  const made: Table<Row> = Object.freeze({ topic });
  sources.set(made, {
    topic,
    format: options.format ?? 'json',
    parse,
    key: (options.key as TableSource['key'] | undefined) ?? null,
  });
  return made;
}

/** What `table()` was given. */
export function sourceOf(pipeline: string, made: Table<unknown>): TableSource {
  const source = sources.get(made);
  if (source === undefined) {
    throw new PipelineDefinitionError(
      pipeline,
      'a table is made with table(topic, { schema, key })',
    );
  }
  return source;
}
