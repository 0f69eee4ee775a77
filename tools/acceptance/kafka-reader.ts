import { Kafka, logLevel } from 'kafkajs';

export interface ReadRecord {
  partition: number;
  offset: number;
  key: string | null;
  value: string | null;
  headers: Record<string, string>;
}

/** A quiet kafkajs client. */
export function kafkaJs(bootstrapServers: string): Kafka {
  return new Kafka({
    clientId: 'acceptance',
    brokers: bootstrapServers.split(','),
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 50, maxRetryTime: 1000, retries: 20 },
  });
}

/**
 * Reads a topic from its start to its present end by kafkajs, with a group of its own.
 */
export async function readAll(
  bootstrapServers: string,
  topic: string,
  deadlineMs = 20_000,
): Promise<ReadRecord[]> {
  const kafka = kafkaJs(bootstrapServers);
  const admin = kafka.admin();
  await admin.connect();
  const ends = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  const open = new Map(
    ends
      .filter(({ high, low }) => Number(high) > Number(low))
      .map(({ partition, high }) => [partition, Number(high)]),
  );
  if (open.size === 0) return [];
  const consumer = kafka.consumer({ groupId: `read-${topic}-${Date.now()}-${process.pid}` });
  const records: ReadRecord[] = [];
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () =>
          reject(
            new Error(
              `${topic}: ${records.length} records, still open: ${[...open.keys()].join()}`,
            ),
          ),
        deadlineMs,
      );
      const run = consumer.run({
        eachBatchAutoResolve: true,
        eachBatch: async ({ batch }) => {
          for (const message of batch.messages) records.push(readRecord(batch.partition, message));
          const end = open.get(batch.partition);
          if (end !== undefined && Number(batch.lastOffset()) >= end - 1) {
            open.delete(batch.partition);
          }
          if (open.size > 0) return;
          clearTimeout(timer);
          resolve();
        },
      });
      run.catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
  return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
}

function readRecord(
  partition: number,
  message: {
    offset: string;
    key: Buffer | null;
    value: Buffer | null;
    headers?: Record<string, Buffer | string | (Buffer | string)[] | undefined>;
  },
): ReadRecord {
  const headers = Object.entries(message.headers ?? {}).map(([name, value]) => [
    name,
    String(Array.isArray(value) ? value[0] : value),
  ]);
  return {
    partition,
    offset: Number(message.offset),
    key: message.key?.toString() ?? null,
    value: message.value?.toString() ?? null,
    headers: Object.fromEntries(headers) as Record<string, string>,
  };
}
