import type { TopicQuery } from '../../generated/graphql.ts';

/** What reading and producing records needs to know of a topic. */
export type BrowsedTopic = Pick<
  NonNullable<TopicQuery['topic']>,
  'name' | 'partitionCount' | 'recordCount' | 'sizeBytes' | 'partitions'
>;
export type Partition = BrowsedTopic['partitions'][number];
