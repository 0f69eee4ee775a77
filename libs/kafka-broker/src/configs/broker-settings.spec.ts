import { ApiKeys } from '@penstock/kafka-protocol';
import { TestBroker, WireClient } from '@penstock/testing';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BROKER_CONFIGS } from './broker-config-table.ts';
import { BrokerConfigError, BrokerConfigs } from './broker-configs.ts';
import { configProblem } from './config-definition.ts';
import { TOPIC_CONFIGS } from './topic-config-table.ts';

const DEFAULT_SOURCE = 5;

test('every setting that Apache Kafka describes is described, with its type and default', async () => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port);
  const { results } = await client.send(ApiKeys.DescribeConfigs, 4, {
    resources: [{ resourceType: 4, resourceName: '1', configurationKeys: null }],
    includeSynonyms: true,
    includeDocumentation: true,
  });
  const described = (results[0]?.configs ?? []).map((config) => {
    expect(config.documentation, config.name).not.toBe('');
    const byDefault = config.synonyms.find(
      ({ source, name }) => source === DEFAULT_SOURCE && name === config.name,
    );
    return [
      config.name,
      config.configType,
      byDefault?.value ?? 'null',
      config.readOnly ? 'fixed' : 'dynamic',
      ...(config.isSensitive ? ['secret'] : []),
    ].join('\t');
  });
  const path = join(import.meta.dirname, 'testdata', 'broker-settings.txt');
  const recorded = readFileSync(path, 'utf8').trim().split('\n');
  expect(described.toSorted()).toEqual(recorded.filter((line) => !line.startsWith('#')));
});

test('every default is a value that its own limits allow', () => {
  for (const definition of [...BROKER_CONFIGS.values(), ...TOPIC_CONFIGS.values()]) {
    const { name, defaultValue } = definition;
    if (defaultValue === null || defaultValue === '') continue;
    expect(configProblem(definition, defaultValue), name).toBeUndefined();
  }
});

test('a broker does not start with a value that Kafka refuses; a name nobody knows is kept', () => {
  expect(() => new BrokerConfigs({ 'num.partitions': '0' })).toThrow(
    'Invalid value 0 for configuration num.partitions: Value must be at least 1',
  );
  expect(() => new BrokerConfigs({ 'log.retention.hours': '0' })).toThrow(BrokerConfigError);
  const configs = new BrokerConfigs({ 'foo.bar': '1', 'num.io.threads': '4' });
  expect(configs.unknownNames).toEqual(['foo.bar']);
  expect(configs.namesWithoutEffect).toEqual(['num.io.threads']);
});
