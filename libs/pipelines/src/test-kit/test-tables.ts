import { PoisonRecord } from '../operators/operator.ts';
import { TableRows } from '../task/table-rows.ts';
import type { TableSource } from '../topology/nodes.ts';
import type { PipelineDefinition } from '../topology/pipeline-definition.ts';
import { tableSources, tableTopics } from '../topology/pipeline-definition.ts';
import type { SourceRecord } from '../topology/source-record.ts';

/** The tables of a pipeline under test. */
export class TestTables {
  readonly #topics: ReadonlySet<string>;
  readonly #rows = new Map<TableSource, TableRows>();

  constructor(definition: PipelineDefinition) {
    this.#topics = new Set(tableTopics(definition));
    for (const source of tableSources(definition)) {
      this.#rows.set(source, new TableRows(source));
    }
  }

  has(topic: string): boolean {
    return this.#topics.has(topic);
  }

  rowsOf(source: TableSource): TableRows {
    return this.#rows.get(source) as TableRows;
  }

  /** Takes a record of a table; tells the keys whose rows changed, or why it is no row. */
  async take(
    record: SourceRecord,
  ): Promise<{ readonly keys: string[]; readonly refusal: PoisonRecord | null }> {
    const keys = new Set<string>();
    let refusal: PoisonRecord | null = null;
    for (const [source, rows] of this.#rows) {
      if (source.topic !== record.topic) continue;
      try {
        for (const key of await rows.take(record)) keys.add(key);
      } catch (error) {
        if (!(error instanceof PoisonRecord)) throw error;
        refusal ??= error;
      }
    }
    return { keys: [...keys], refusal };
  }
}
