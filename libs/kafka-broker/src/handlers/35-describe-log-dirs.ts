import { ApiKeys, ErrorCodes, type ResponseInputOf } from '@penstock/kafka-protocol';
import type { PartitionLog } from '@penstock/kafka-log';
import type { BrokerContext } from '../broker-context.ts';
import type { Topic } from '../metadata/topic-catalog.ts';
import { handler } from './handler.ts';

/**
 * DescribeLogDirs (key 35), versions 1 to 4. One log directory; null topics ask for all. Total and
 * usable bytes of the file system from version 4 on.
 *
 * Kafka takes a whole directory offline, this broker only a partition. A partition that takes no
 * more writes, or has bytes that cannot be read, is reported as a directory of its own with
 * KAFKA_STORAGE_ERROR 56. The first is listed in that directory instead of the log directory; the
 * second stays listed in the log directory.
 */
export const describeLogDirsHandler = handler({
  key: ApiKeys.DescribeLogDirs,
  async handle({ topics: asked }, { broker }) {
    await openAll(broker);
    const wanted =
      asked === null
        ? [...broker.topics.all()].map((topic) => logsOf(topic, allPartitions(topic)))
        : asked.flatMap(({ topic: name, partitions }) => {
            const topic = broker.topics.byName(name);
            return topic ? [logsOf(topic, partitions)] : [];
          });
    const isOnline = (log: PartitionLog): boolean => log.offlineReason === undefined;
    const logs = wanted.flat();
    const failed = logs.filter((log) => !isOnline(log) || log.damages.length > 0);
    const space = spaceOf(broker);
    return {
      errorCode: ErrorCodes.NONE,
      results: [
        {
          errorCode: ErrorCodes.NONE,
          logDir: broker.logDirectory,
          topics: wanted
            .map((ofTopic) => ofTopic.filter(isOnline))
            .filter((ofTopic) => ofTopic.length > 0)
            .map(sizes),
          ...space,
        },
        ...failed.map((log) => ({
          errorCode: ErrorCodes.KAFKA_STORAGE_ERROR,
          logDir: `${broker.logDirectory}/${log.topic}-${log.partition}`,
          topics: isOnline(log) ? [] : [sizes([log])],
          ...space,
        })),
      ],
    };
  },
});

type DirectoryTopic = ResponseInputOf<
  typeof ApiKeys.DescribeLogDirs
>['results'][number]['topics'][number];

/** How long logs are opened before others have their turn, ms. */
const TURN_MS = 10;

/** A log is opened when it is first asked, which takes a while for thousands after a start. */
async function openAll({ topics, clock }: BrokerContext): Promise<void> {
  let turnEndsAt = clock.monotonicNow() + TURN_MS;
  for (const topic of [...topics.all()]) {
    for (let partition = 0; partition < topic.partitionCount; partition += 1) {
      const log = topic.log(partition);
      if (log === undefined || log.sizeBytes < 0 || clock.monotonicNow() < turnEndsAt) continue;
      await new Promise<void>((resolve) => clock.defer(resolve));
      turnEndsAt = clock.monotonicNow() + TURN_MS;
    }
  }
}

function spaceOf({ logs }: BrokerContext): { totalBytes: number; usableBytes: number } {
  const { totalBytes, freeBytes } = logs.space;
  return { totalBytes, usableBytes: freeBytes };
}

function allPartitions(topic: Topic): number[] {
  return Array.from({ length: topic.partitionCount }, (_, partition) => partition);
}

function logsOf(topic: Topic, partitions: readonly number[]): PartitionLog[] {
  return [...new Set(partitions)].flatMap((partition) => topic.log(partition) ?? []);
}

function sizes(logs: readonly PartitionLog[]): DirectoryTopic {
  return {
    name: logs[0]?.topic ?? '',
    partitions: logs.map((log) => ({
      partitionIndex: log.partition,
      partitionSize: log.sizeBytes,
      offsetLag: 0,
      isFutureKey: false,
    })),
  };
}
