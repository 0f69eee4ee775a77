import type { SourceRecord } from '../../topology/source-record.ts';
import { hasKafkaError } from '../kafka-errors.ts';
import {
  type FetchedPartition,
  PartitionReader,
  type PartitionPosition,
} from '../partition-reader.ts';
import type { KafkaPort } from '../runtime-ports.ts';
import type { BatchPart, BatchRun } from './batch-run.ts';
import type { BatchTask } from './batch-task.ts';
import type { Claim } from './claim.ts';
import type { Pace } from './pace.ts';

/**
 * Reads a run's parts of some partitions into tasks, each part up to its end, from where its tasks
 * stand. A part ends when the position, not a record, has reached its end: the last offsets may be
 * control markers or compacted away.
 */
export class SourceReading {
  readonly #run: BatchRun;
  readonly #parts: readonly BatchPart[];
  readonly #tasks: readonly BatchTask[];
  readonly #claim: Claim;
  readonly #pace: Pace;

  constructor(options: {
    readonly run: BatchRun;
    readonly parts: readonly BatchPart[];
    readonly tasks: readonly BatchTask[];
    readonly claim: Claim;
    readonly pace: Pace;
  }) {
    this.#run = options.run;
    this.#parts = options.parts;
    this.#tasks = options.tasks;
    this.#claim = options.claim;
    this.#pace = options.pace;
  }

  /** Where each part has come to: the least of its tasks, or its end. */
  positions(): PartitionPosition[] {
    return this.#parts.map(({ topic, partition, endOffset }) => {
      const offsets = this.#readersOf({ topic, partition }).map(
        (task) => task.positionIn({ topic, partition }) ?? endOffset,
      );
      return { topic, partition, offset: Math.min(endOffset, ...offsets) };
    });
  }

  /** Whether all parts are read to their ends; false: the claim does not go on. */
  async read(): Promise<boolean> {
    let open = this.#open();
    if (open.length === 0) return this.#claim.goesOn;
    const { kafka, definition, id } = this.#run;
    const topics = [...new Set(open.map(({ topic }) => topic))];
    const reader = new PartitionReader(kafka, `${definition.name}.${id}`, topics);
    try {
      await reader.assign(open);
      while (open.length > 0) {
        for (const fetched of await reader.next()) {
          if (!(await this.#take(fetched))) return false;
        }
        if (!this.#claim.goesOn) return false;
        const rest = this.#open();
        // A part that is read is not asked for again.
        if (rest.length < open.length && rest.length > 0) await reader.assign(rest);
        open = rest;
      }
      return true;
    } catch (error) {
      throw await explained(kafka, topics, error);
    } finally {
      await reader.close();
    }
  }

  #open(): PartitionPosition[] {
    return this.positions().filter(
      (position) => position.offset < (this.#partOf(position)?.endOffset ?? 0),
    );
  }

  async #take({ topic, partition, records, nextOffset }: FetchedPartition): Promise<boolean> {
    const part = this.#partOf({ topic, partition });
    if (part === undefined) return true;
    const tasks = this.#readersOf(part);
    for (const record of records) {
      if (record.offset >= part.endOffset) break;
      if (!this.#isWithinBounds(record)) continue;
      if (part.skips.includes(record.offset)) {
        leaveOut(tasks, record);
      } else {
        for (const task of tasks) {
          const outcome = task.process(record);
          if (outcome !== undefined) await outcome;
        }
      }
      const goesOn = this.#pace.record(sizeOf(record));
      if (!(goesOn instanceof Promise ? await goesOn : goesOn)) return false;
    }
    const end = Math.min(nextOffset, part.endOffset);
    for (const { task } of tasks) task.moveTo(topic, partition, end);
    return true;
  }

  #partOf({ topic, partition }: { topic: string; partition: number }): BatchPart | undefined {
    return this.#parts.find((part) => part.topic === topic && part.partition === partition);
  }

  /** The tasks that read a partition. */
  #readersOf(partition: { readonly topic: string; readonly partition: number }): BatchTask[] {
    return this.#tasks.filter((task) => task.positionIn(partition) !== null);
  }

  #isWithinBounds({ timestamp }: SourceRecord): boolean {
    const { from, to } = this.#run.bounds;
    return (from === null || timestamp >= from) && (to === null || timestamp < to);
  }
}

/** One task makes the dead letter, all pass over the record. */
function leaveOut(tasks: readonly BatchTask[], record: SourceRecord): void {
  const { topic, partition, offset } = record;
  const [first] = tasks.filter((task) => (task.positionIn(record) ?? 0) <= offset);
  first?.leaveOut(record);
  for (const { task } of tasks) task.moveTo(topic, partition, offset + 1);
}

function sizeOf({ key, value }: SourceRecord): number {
  return (key?.length ?? 0) + (value?.length ?? 0);
}

/** What a reading that cannot go on says. */
async function explained(
  kafka: KafkaPort,
  topics: readonly string[],
  cause: unknown,
): Promise<unknown> {
  if (hasKafkaError(cause, 'OFFSET_OUT_OF_RANGE')) {
    return new Error(`${topics.join(', ')}: the log no longer holds the window's records`, {
      cause,
    });
  }
  if (!hasKafkaError(cause, 'UNKNOWN_TOPIC_OR_PARTITION')) {
    return cause;
  }
  // A topic that a broker does not know may come to be known, but not one that was deleted. While
  // nobody answers, the obstacle is the broker.
  const existing = await kafka
    .admin()
    .listTopics()
    .catch(() => topics);
  const gone = topics.find((topic) => !existing.includes(topic));
  return gone === undefined
    ? cause
    : new Error(`the source topic ${gone} does not exist any more`, { cause });
}
