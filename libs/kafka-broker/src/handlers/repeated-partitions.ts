interface TopicWithPartitions {
  readonly partitions: readonly unknown[];
}

type PartitionOf<T extends TopicWithPartitions> = T['partitions'][number];

/**
 * The same request without partitions that are named again, as Kafka, which gathers them in a map:
 * the first place, the last wish. So what a request costs is bounded by the partitions that there
 * are.
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
