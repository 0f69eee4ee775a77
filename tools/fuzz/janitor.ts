import { setTimeout as delay } from 'node:timers/promises';
import { ApiKeys, ZERO_UUID } from '@penstock/kafka-protocol';
import { WireClient } from '@penstock/testing';
import type { World } from './world.ts';

const INTERVAL_MS = 1_500;

/**
 * Keeps a few topics there to be attacked, and deletes the others that the attack leaves behind.
 */
export async function tidy(port: number, world: World, isOver: () => boolean): Promise<void> {
  await using client = await WireClient.connect(port);
  while (!isOver()) {
    await once(client, world);
    await delay(INTERVAL_MS);
  }
}

async function once(client: WireClient, world: World): Promise<void> {
  const { topics } = await client.send(ApiKeys.Metadata, 12, {
    topics: null,
    includeTopicAuthorizedOperations: false,
  });
  const names = topics.map(({ name }) => name ?? '');
  const extra = names.filter((name) => !world.topics.includes(name) && !name.startsWith('canary'));
  if (extra.length > 0) {
    await client.send(ApiKeys.DeleteTopics, 6, {
      topics: extra.map((name) => ({ name, topicId: ZERO_UUID })),
      timeoutMs: 5_000,
    });
  }
  const missing = world.topics.filter((name) => !names.includes(name));
  if (missing.length > 0) {
    const created = await client.send(ApiKeys.CreateTopics, 7, {
      topics: missing.map((name, index) => ({
        name,
        numPartitions: 1 + (index % 3),
        replicationFactor: 1,
        assignments: [],
        configs: [],
      })),
      validateOnly: false,
    });
    for (const { name, topicId } of created.topics) world.topicIds.set(name, topicId);
  }
  for (const { name, topicId } of topics) {
    if (name !== null && world.topics.includes(name)) world.topicIds.set(name, topicId);
  }
}
