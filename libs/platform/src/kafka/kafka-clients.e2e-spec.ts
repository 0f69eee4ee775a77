import { TestBroker } from '@penstock/testing';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../configuration/config.ts';
import { KafkaClients } from './kafka-clients.ts';

function clientsOf(broker: TestBroker): KafkaClients {
  return new KafkaClients({
    name: 'test',
    config: loadConfig({ KAFKA_BOOTSTRAP_SERVERS: broker.bootstrap }),
    logger: pino({ level: 'silent' }),
  });
}

describe('KafkaClients', () => {
  it('produce, administer and consume on after the broker restarted', async () => {
    await using broker = await TestBroker.start();
    const clients = clientsOf(broker);
    try {
      await clients.admin().createTopics({ topics: ['t'], partitions: 1, replicas: 1 });
      const producer = clients.producer();
      const send = (value: string) =>
        producer.send({
          messages: [{ topic: 't', partition: 0, value: Buffer.from(value) }],
          acks: -1,
        });
      await send('0');
      const consumer = clients.consumer('g');
      const stream = await consumer.consume({ topics: ['t'], mode: 'earliest' });
      const consumed: string[] = [];
      stream.on('data', (message) => consumed.push(String(message.value)));
      stream.on('error', () => undefined);
      await expect.poll(() => consumed, { timeout: 10_000 }).toEqual(['0']);
      for (let round = 1; round <= 3; round++) {
        await broker.restart();
        await send(String(round));
        const topics = await clients.admin().listTopics();
        expect(topics).toContain('t');
        await expect
          .poll(() => consumed, { timeout: 10_000 })
          .toEqual(Array.from({ length: round + 1 }, (_, i) => String(i)));
      }
      await stream.close();
    } finally {
      await clients.close();
    }
  });

  it('put a key where Java puts it', async () => {
    await using broker = await TestBroker.start();
    const clients = clientsOf(broker);
    try {
      await clients.admin().createTopics({ topics: ['t'], partitions: 10, replicas: 1 });
      const { offsets } = await clients.producer().send({
        messages: [{ topic: 't', key: Buffer.from('foobar'), value: Buffer.from('v') }],
        acks: -1,
      });
      expect(offsets?.[0]?.partition).toBe((-790332482 & 0x7fffffff) % 10);
    } finally {
      await clients.close();
    }
  });
});
