interface TopicWithPartitions {
  readonly partitions: readonly unknown[];
}

type PartitionOf<T extends TopicWithPartitions> = T['partitions'][number];

/**
 * The request without repeated partitions, as in Kafka, which gathers them in a map: a partition
 * keeps its first place and its last data. So the number of distinct partitions bounds what a
 * request costs.
 *
 * @param topicKey name or id of a topic
 */
export function withoutRepeats<T extends TopicWithPartitions>(
  topics: readonly T[],
  topicKey: (topic: T) => string,
  partitionIndex: (partition: PartitionOf<T>) => number,
): readonly T[] {
  // Nearly every request: nothing can be there twice.
  if (topics.length <= 1 && (topics[0]?.partitions.length ?? 0) <= 1) return topics;
  const byTopic = new Map<string, { topic: T; partitions: Map<number, PartitionOf<T>> }>();
  let asked = 0;
  for (const topic of topics) {
    const key = topicKey(topic);
    let found = byTopic.get(key);
    if (!found) byTopic.set(key, (found = { topic, partitions: new Map() }));
    for (const partition of topic.partitions) {
      found.partitions.set(partitionIndex(partition), partition);
    }
    asked += topic.partitions.length;
  }
  const distinct = [...byTopic.values()];
  const kept = distinct.reduce((sum, { partitions }) => sum + partitions.size, 0);
  if (kept === asked && distinct.length === topics.length) return topics;
  return distinct.map(({ topic, partitions }) => ({
    ...topic,
    partitions: [...partitions.values()],
  }));
}
