import { Kafka, logLevel } from 'kafkajs';

const nameLengthMax = 249;

/** A name as long as Kafka allows, without a place to break a line. */
function longName(start: string): string {
  return start.padEnd(nameLengthMax, '-and-so-on');
}

export const longTopic = longName('orders');
export const longGroup = longName('readers-of-orders');
export const wideTopic = 'thousand-partitions';
const widePartitions = 1_000;
const groupCount = 12;

/**
 * Makes a cluster look as if it had been in use for long: the longest names, counts of two and
 * three digits, a topic of a thousand partitions, and groups that nobody reads in any more.
 */
export async function makeWideWorld(bootstrapServers: string): Promise<void> {
  const kafka = new Kafka({ brokers: [bootstrapServers], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({
    topics: [
      { topic: longTopic, numPartitions: 3 },
      { topic: wideTopic, numPartitions: widePartitions },
      ...Array.from({ length: groupCount }, (_, index) => ({ topic: `filler-${index + 1}` })),
    ],
  });
  const producer = kafka.producer();
  await producer.connect();
  const value = JSON.stringify({ [longName('field')]: longName('value'), nested: { deep: [1] } });
  await producer.sendBatch({
    topicMessages: [
      {
        topic: longTopic,
        messages: Array.from({ length: 60 }, (_, index) => ({
          key: longName(`key-${index}`),
          value,
          headers: { [longName('header')]: longName('content') },
        })),
      },
      {
        topic: wideTopic,
        messages: Array.from({ length: 60 }, (_, index) => ({ partition: 75, value: `${index}` })),
      },
    ],
  });
  await producer.disconnect();
  const groups = [
    longGroup,
    ...Array.from({ length: groupCount }, (_, index) => `left-${index + 1}`),
  ];
  const partitions = [{ partition: 0, offset: '0' }];
  await Promise.all(
    groups.map((groupId) => admin.setOffsets({ groupId, topic: longTopic, partitions })),
  );
  await admin.disconnect();
}
