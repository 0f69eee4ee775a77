import { ApiKeys } from '@penstock/kafka-protocol';
import { TestBroker, WireClient } from '@penstock/testing';
import { expect, test } from 'vitest';
import { BrokerConfigError, BrokerConfigs } from './broker-configs.ts';
import { BROKER_CONFIGS } from './broker-config-table.ts';

const ASKING: readonly (readonly [string, string])[] = [
  ['authorizer.class.name', 'org.apache.kafka.metadata.authorizer.StandardAuthorizer'],
  ['super.users', 'User:admin'],
  ['allow.everyone.if.no.acl.found', 'false'],
  ['sasl.enabled.mechanisms', 'PLAIN'],
  ['sasl.jaas.config', 'org.apache.kafka.common.security.plain.PlainLoginModule required;'],
  ['listener.name.outside.plain.sasl.jaas.config', 'x'],
  ['listener.name.outside.sasl.enabled.mechanisms', 'PLAIN'],
  ['listener.name.outside.ssl.client.auth', 'required'],
  ['ssl.keystore.location', '/certs/keystore.p12'],
  ['ssl.keystore.filename', 'keystore.p12'],
  ['ssl.client.auth', 'required'],
  ['security.inter.broker.protocol', 'SASL_SSL'],
  ['delegation.token.secret.key', 'x'],
  ['client.quota.callback.class', 'com.example.Quotas'],
  ['quota.producer.default', '1048576'],
  ['create.topic.policy.class.name', 'com.example.Policy'],
  ['alter.config.policy.class.name', 'com.example.Policy'],
  ['client.users', 'user'],
  ['client.passwords', 'secret'],
  ['config.providers', 'file'],
];

test.each(ASKING)('%s stops the start, and its value is not repeated', (name, value) => {
  const start = () => new BrokerConfigs({ [name]: value });
  expect(start).toThrow(BrokerConfigError);
  expect(start).toThrow(/asks for a protection, and this broker has no /);
  if (value.length > 4) expect(start).not.toThrow(value);
});

test('what asks for nothing does not: no value, Kafka’s default', () => {
  for (const { name, defaultValue } of BROKER_CONFIGS.values()) {
    if (!defaultValue) continue;
    expect(() => new BrokerConfigs({ [name]: defaultValue }), name).not.toThrow();
  }
  expect(() => new BrokerConfigs({ 'allow.everyone.if.no.acl.found': 'true' })).not.toThrow();
  const { namesWithoutEffect } = new BrokerConfigs({
    'listener.name.out.num.network.threads': '2',
  });
  expect(namesWithoutEffect).toEqual(['listener.name.out.num.network.threads']);
});

test('nor can it be asked for while the broker runs', async () => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port);
  const answer = await client.send(ApiKeys.IncrementalAlterConfigs, 1, {
    resources: [
      {
        resourceType: 4,
        resourceName: '1',
        configs: [
          { name: 'listener.name.out.sasl.enabled.mechanisms', configOperation: 0, value: 'PLAIN' },
        ],
      },
    ],
    validateOnly: false,
  });
  expect(answer.responses[0]).toMatchObject({
    errorCode: 42,
    errorMessage: expect.stringContaining('has no authentication') as unknown,
  });
});
