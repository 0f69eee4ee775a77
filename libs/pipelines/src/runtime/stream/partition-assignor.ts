import type { GroupPartitionsAssigner } from '@platformatic/kafka';

/** Name of the assignor in the group's protocol. */
export const ASSIGNOR = 'penstock-copartitioned';

type Assignments = ReturnType<GroupPartitionsAssigner>;

/**
 * Gives partition p of all topics to one member, because equal keys meet there: what is joined, and
 * the internal topics behind it, have to be in one task (as Kafka Streams' co-partitioning).
 * Numbers go around the members by their ids, so that every leader gives the same answer.
 */
export const copartitioned: GroupPartitionsAssigner = (_, members, topics, metadata) => {
  const assignments: Assignments = [...members.keys()]
    .sort()
    .map((memberId) => ({ memberId, assignments: new Map() }));
  for (const topic of [...topics].sort()) {
    const readers = assignments.filter(({ memberId }) =>
      (members.get(memberId)?.topics ?? [...topics]).includes(topic),
    );
    const count = metadata.topics.get(topic)?.partitionsCount ?? 0;
    for (let partition = 0; partition < count && readers.length > 0; partition++) {
      const reader = readers[partition % readers.length];
      const ofTopic = reader?.assignments.get(topic) ?? { topic, partitions: [] };
      ofTopic.partitions.push(partition);
      reader?.assignments.set(topic, ofTopic);
    }
  }
  return assignments;
};
