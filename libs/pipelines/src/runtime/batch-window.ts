import type { PipelineDefinition } from '../definition/pipeline-definition.ts';
import type { BytesConsumer, KafkaPort } from './runtime-ports.ts';

/** One partition's part of a window: the offsets [startOffset, endOffset). */
export interface PartitionWindow {
  readonly topic: string;
  readonly partition: number;
  readonly startOffset: number;
  readonly endOffset: number;
}

/** Time bounds of a window, ms since epoch: records of [from, to); null is open. */
export interface TimeBounds {
  readonly from: number | null;
  readonly to: number | null;
}

/** ListOffsets' special timestamps. */
const LATEST = -1n;
const EARLIEST = -2n;

/**
 * The window that a batch run over a pipeline's sources has now: all partitions, from the log start
 * or the first record at or after `from`, to the log end (the last stable offset where there are
 * transactions) or the first record at or after `to`. A record appended after that one lies
 * outside, even when its timestamp is older.
 *
 * @throws Error when a source topic does not exist; the client's error when the brokers are away
 */
export async function currentWindow(
  kafka: KafkaPort,
  definition: PipelineDefinition,
  bounds: TimeBounds,
): Promise<PartitionWindow[]> {
  const { topics } = definition.source;
  const existing = new Set(await kafka.admin().listTopics());
  const missing = topics.filter((topic) => !existing.has(topic));
  if (missing.length > 0) {
    throw new Error(`the source topic ${missing.join(', ')} does not exist`);
  }
  const consumer = kafka.consumer(`${definition.groupId}.window`, { autocommit: false });
  consumer.on('error', () => {});
  try {
    const [start, end] = await Promise.all([
      consumer.listOffsets({ topics: [...topics], timestamp: EARLIEST }),
      consumer.listOffsets({ topics: [...topics], timestamp: LATEST }),
    ]);
    const from = await offsetsAt(consumer, topics, bounds.from);
    const to = await offsetsAt(consumer, topics, bounds.to);
    return topics.flatMap((topic) =>
      (end.get(topic) ?? []).map((logEnd, partition) => {
        const endOffset = to?.get(topic)?.get(partition) ?? Number(logEnd);
        const logStart = Number(start.get(topic)?.[partition] ?? 0n);
        // There is no record at or after `from`: the window is empty.
        const startOffset =
          bounds.from === null ? logStart : (from?.get(topic)?.get(partition) ?? endOffset);
        return { topic, partition, startOffset: Math.min(startOffset, endOffset), endOffset };
      }),
    );
  } finally {
    await kafka.release(consumer);
  }
}

/** First offset at or after a time, per topic and partition; absent where there is none. */
async function offsetsAt(
  consumer: BytesConsumer,
  topics: readonly string[],
  timestamp: number | null,
): Promise<Map<string, Map<number, number>> | null> {
  if (timestamp === null) {
    return null;
  }
  const found = await consumer.listOffsetsWithTimestamps({
    topics: [...topics],
    timestamp: BigInt(Math.max(0, Math.trunc(timestamp))),
  });
  return new Map(
    [...found].map(([topic, partitions]) => [
      topic,
      new Map(
        [...partitions]
          .filter(([, { offset }]) => offset >= 0n)
          .map(([partition, { offset }]) => [partition, Number(offset)]),
      ),
    ]),
  );
}
