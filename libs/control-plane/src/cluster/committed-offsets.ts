import { NO_ERROR } from './cluster-error.ts';
import type { CommittedOffset, GroupCommits } from './cluster-model.ts';

/** The commits of one group as OffsetFetch answers them. */
export function toCommits(
  topics: readonly {
    name: string;
    partitions: readonly {
      partitionIndex: number;
      committedOffset: bigint;
      metadata: string | null | undefined;
      errorCode: number;
    }[];
  }[],
): GroupCommits {
  const commits = new Map<string, Map<number, CommittedOffset>>();
  for (const { name, partitions } of topics) {
    const ofTopic = new Map<number, CommittedOffset>();
    for (const { partitionIndex, committedOffset, metadata, errorCode } of partitions) {
      // -1 says "no commit": unknown, which is not the same as offset 0.
      if (errorCode === NO_ERROR && committedOffset >= 0n) {
        ofTopic.set(partitionIndex, {
          offset: Number(committedOffset),
          metadata: metadata ?? null,
        });
      }
    }
    if (ofTopic.size > 0) {
      commits.set(name, ofTopic);
    }
  }
  return commits;
}
