import type { SourceRecord } from '../topology/source-record.ts';
import { hasKafkaError } from './kafka-errors.ts';
import { PartitionReader } from './partition-reader.ts';
import type { KafkaPort } from './runtime-ports.ts';

/**
 * Reads one record; null when the log does not hold it any more. Rejects with the client's error
 * when no broker answers.
 */
export async function readRecord(
  kafka: KafkaPort,
  { topic, partition, offset }: { topic: string; partition: number; offset: number },
): Promise<SourceRecord | null> {
  const reader = new PartitionReader(kafka, 'record-lookup', [topic]);
  try {
    await reader.assign([{ topic, partition, offset }]);
    for (;;) {
      for (const { records, nextOffset, atEnd } of await reader.next()) {
        const found = records.find((record) => record.offset === offset);
        if (found !== undefined) return found;
        if (atEnd || nextOffset > offset) return null;
      }
    }
  } catch (error) {
    if (hasKafkaError(error, 'OFFSET_OUT_OF_RANGE')) return null;
    throw error;
  } finally {
    await reader.close();
  }
}
