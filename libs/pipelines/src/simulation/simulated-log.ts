import { encode } from '../task/task-output.ts';
import type { SourceRecord } from '../topology/source-record.ts';
import type { TestRecord } from '../test-kit/test-log.ts';

/** Topics in memory, whose records never change once they are there. */
export class SimulatedLog {
  readonly #partitions = new Map<string, SourceRecord[]>();

  append(record: Omit<SourceRecord, 'offset'>): void {
    const { topic, partition } = record;
    const records = this.#of(topic, partition);
    records.push({ ...record, offset: records.length });
  }

  end(topic: string, partition: number): number {
    return this.#of(topic, partition).length;
  }

  read(topic: string, partition: number, offset: number): SourceRecord | undefined {
    return this.#of(topic, partition)[offset];
  }

  #of(topic: string, partition: number): SourceRecord[] {
    const name = `${topic}/${partition}`;
    let records = this.#partitions.get(name);
    if (records === undefined) {
      records = [];
      this.#partitions.set(name, records);
    }
    return records;
  }
}

/** A test record as it lies on the log, without its offset. */
export function onLog(
  record: TestRecord & { readonly topic: string },
): Omit<SourceRecord, 'offset'> {
  return {
    topic: record.topic,
    partition: record.partition ?? 0,
    timestamp: record.timestamp ?? 0,
    key: record.key == null ? null : Buffer.from(record.key),
    value: encode(record.value),
    headers: Object.entries(record.headers ?? {}).map(
      ([name, value]) => [Buffer.from(name), Buffer.from(value)] as const,
    ),
  };
}
