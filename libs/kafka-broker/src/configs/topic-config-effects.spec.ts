import { ApiKeys } from '@penstock/kafka-protocol';
import { createTopic, repositoryRoot, TestBroker, WireClient } from '@penstock/testing';
import { silentLogger } from '@penstock/kafka-log';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { BrokerConfigs } from './broker-configs.ts';
import { configProblem } from './config-definition.ts';
import { TOPIC_CONFIGS, type TopicConfigDefinition } from './topic-config-table.ts';
import { logConfigOf, topicConfigsProblem } from './topic-configs.ts';

/** The public topic configs of Apache Kafka 4.1 (`TopicConfig`), one a word. */
const KAFKA_4_1 = `cleanup.policy compression.gzip.level compression.lz4.level compression.type
  compression.zstd.level delete.retention.ms file.delete.delay.ms flush.messages flush.ms
  follower.replication.throttled.replicas index.interval.bytes
  leader.replication.throttled.replicas local.retention.bytes local.retention.ms
  max.compaction.lag.ms max.message.bytes message.timestamp.after.max.ms
  message.timestamp.before.max.ms message.timestamp.type min.cleanable.dirty.ratio
  min.compaction.lag.ms min.insync.replicas preallocate remote.log.copy.disable
  remote.log.delete.on.disable remote.storage.enable retention.bytes retention.ms segment.bytes
  segment.index.bytes segment.jitter.ms segment.ms unclean.leader.election.enable`.split(/\s+/);

const broker = new BrokerConfigs({});
const all = [...TOPIC_CONFIGS.values()];
const idle = all.filter(({ withoutEffect }) => withoutEffect !== undefined);

/** A valid value other than the default. */
function otherValue(definition: TopicConfigDefinition): string {
  const tries = [
    'compact',
    'LogAppendTime',
    'zstd',
    'true',
    '0.25',
    '9',
    '8',
    '2000000',
    '0:1,1:1',
  ];
  const { defaultValue } = definition;
  const found = tries.find(
    (value) => value !== defaultValue && configProblem(definition, value) === undefined,
  );
  return found ?? expect.fail(`no value for ${definition.name}`);
}

describe('topic configs', () => {
  test('of Kafka 4.1 are all known, and no others are public', () => {
    expect(all.filter(({ isInternal }) => !isInternal).map(({ name }) => name)).toEqual(KAFKA_4_1);
  });

  test.each(all.map((definition) => [definition.name, definition] as const))(
    '%s acts on the log or is refused, else its description says that it has no effect',
    (name, definition) => {
      const given = new Map([[name, otherValue(definition)]]);
      const isRefused = topicConfigsProblem(given, broker) !== undefined;
      const before = JSON.stringify(logConfigOf(new Map(), broker));
      const acts = isRefused || JSON.stringify(logConfigOf(given, broker)) !== before;
      expect(acts).toBe(definition.withoutEffect === undefined);
      expect(definition.documentation.includes('Without effect here: ')).toBe(!acts);
    },
  );

  test.each(idle)('$name stands in the list of what is not built', ({ name }) => {
    const skipped = readFileSync(join(repositoryRoot, 'libs/kafka-broker/SKIPPED.md'), 'utf8');
    expect(skipped).toContain(`\`${name}\``);
  });

  const defaults = idle.filter(({ synonym }) => synonym !== null);
  test.each(defaults)('as defaults of the broker, $synonym has no effect either', ({ synonym }) => {
    const { documentation, acts } = [...broker.definitions()].find(({ name }) => name === synonym)!;
    expect([acts, documentation]).toEqual([false, expect.stringContaining('nothing')]);
  });
});

test('what has no effect is warned of once, where it is given and not where it is the default', async () => {
  const warned: unknown[] = [];
  const logger = {
    ...silentLogger,
    warn: ({ topic, configs, settings }: Record<string, unknown>) =>
      void warned.push([topic ?? 'broker', configs ?? settings]),
  };
  await using started = await TestBroker.start({ logger });
  await using client = await WireClient.connect(started.port);
  const configs = { preallocate: 'true', 'flush.messages': '9223372036854775807' };
  await createTopic(client, 'prices', 1, { ...configs, 'retention.ms': '5' });
  const alter = (resourceType: number, resourceName: string, name: string, value: string) =>
    client.send(ApiKeys.IncrementalAlterConfigs, 1, {
      resources: [{ resourceType, resourceName, configs: [{ name, configOperation: 0, value }] }],
      validateOnly: false,
    });
  await alter(2, 'prices', 'compression.type', 'zstd');
  await alter(2, 'prices', 'retention.ms', '6');
  await alter(4, '', 'log.preallocate', 'true');
  await alter(4, '', 'log.retention.ms', '7');
  expect(warned).toEqual([
    ['prices', ['preallocate']],
    ['prices', ['compression.type']],
    ['broker', ['log.preallocate']],
  ]);
});
