import { ApiKeys, ErrorCodes } from '@penstock/kafka-protocol';
import type { Topic } from '../metadata/topic-catalog.ts';
import { handler } from './handler.ts';

/**
 * DescribeLogDirs (key 35), versions 1 to 4. One log directory; null topics ask for all. Total and
 * usable bytes of the file system from version 4 on (total as used by us plus free).
 */
export const describeLogDirsHandler = handler({
  key: ApiKeys.DescribeLogDirs,
  handle({ topics: asked }, { broker }) {
    const wanted =
      asked === null
        ? [...broker.topics.all()].map((topic) => sizes(topic, allPartitions(topic)))
        : asked.flatMap(({ topic: name, partitions }) => {
            const topic = broker.topics.byName(name);
            return topic ? [sizes(topic, partitions)] : [];
          });
    const usableBytes = broker.logs.freeBytes;
    return {
      errorCode: ErrorCodes.NONE,
      results: [
        {
          errorCode: ErrorCodes.NONE,
          logDir: broker.logDirectory,
          topics: wanted,
          totalBytes: broker.logs.sizeBytes + usableBytes,
          usableBytes,
        },
      ],
    };
  },
});

function allPartitions(topic: Topic): number[] {
  return Array.from({ length: topic.partitionCount }, (_, partition) => partition);
}

function sizes(topic: Topic, partitions: readonly number[]) {
  return {
    name: topic.name,
    partitions: partitions.flatMap((partitionIndex) => {
      const log = topic.log(partitionIndex);
      if (!log) return [];
      return [{ partitionIndex, partitionSize: log.sizeBytes, offsetLag: 0, isFutureKey: false }];
    }),
  };
}
