import { externalTool, FaultProxy, freePort, Ledger } from '@penstock/testing';
import { expect, test } from 'vitest';
import { auditTopic } from './audit.ts';
import { createTopic, startBroker } from './broker.ts';
import { KcatProducer } from './kcat-producer.ts';
import { acknowledgedMore, stall } from './progress.ts';
import { isLong, randomOf, report, seed } from './settings.ts';
import { WireProducer } from './wire-producer.ts';
import { WireFollower } from './wire-reader.ts';

test('fault 33: resets, delays and split packets lose nothing and write nothing twice', async () => {
  const random = randomOf('33');
  const ledger = new Ledger();
  const proxyPort = await freePort();
  // Clients go on to the address that is advertised: that of the proxy.
  await using penstock = await startBroker({
    env: { KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://127.0.0.1:${proxyPort}` },
  });
  const faults = { pieceBytesMax: 700, delayMs: 1, jitterMs: 10, resetProbability: 0.002 };
  const upstreamPort = penstock.kafkaPort;
  await createTopic(upstreamPort, 2);
  await using proxy = await FaultProxy.start({ upstreamPort, port: proxyPort, seed, faults });
  const own = { port: proxyPort, ledger };
  await using plain = new WireProducer({ ...own, name: 'plain', partition: 0 }).start();
  await using wire = new WireProducer({
    ...own,
    name: 'wire',
    partition: 0,
    idempotent: true,
  }).start();
  const bootstrapServers = `127.0.0.1:${proxyPort}`;
  const theirs = { bootstrapServers, ledger, idempotent: true, name: 'kcat', partition: 1 };
  await using kcat = externalTool('kcat') ? new KcatProducer(theirs).start() : undefined;
  await using follower = new WireFollower(proxyPort, 0, ledger);
  const rounds = isLong ? 200 : 8;
  for (let round = 0; round < rounds; round++) {
    await acknowledgedMore(ledger, 800 + Math.floor(random() * 800));
    if (round % 3 === 0) await stall(proxy, 300);
  }
  proxy.faults = {};
  await Promise.all([plain.stop(), wire.stop(), kcat?.stop() ?? Promise.resolve()]);
  await follower[Symbol.asyncDispose]();
  const rules = { idempotent: ['wire', 'kcat'] };
  const { acknowledged, lost, duplicates } = await auditTopic(penstock, 2, ledger, rules);
  expect(proxy.resetsTotal).toBeGreaterThan(0);
  report(33, {
    seed,
    resets: proxy.resetsTotal,
    connections: proxy.connectionsTotal,
    acked: acknowledged,
    lost,
    duplicates,
  });
});
