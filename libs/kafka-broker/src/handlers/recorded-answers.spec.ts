import { parseRecording, Replay, TestBroker, WireClient } from '@penstock/testing';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const folder = join(import.meta.dirname, 'testdata');

/**
 * The same requests in the same order get the answers that Apache Kafka 4.3.1 gave. What is not the
 * same on purpose is not in the files; the handlers say what that is.
 */
test.each(readdirSync(folder))('%s: the answers are those of Apache Kafka', async (file) => {
  const { settings, cases } = parseRecording(readFileSync(join(folder, file), 'utf8'));
  await using broker = await TestBroker.start({ settings });
  await using client = await WireClient.connect(broker.port);
  const replay = new Replay(client);
  const ours: Record<string, unknown> = {};
  const kafkas: Record<string, unknown> = {};
  for (const recorded of cases) {
    ours[recorded.title] = await replay.ask(recorded);
    kafkas[recorded.title] = recorded.answer;
  }
  expect(cases.length).toBeGreaterThan(0);
  expect(ours).toEqual(kafkas);
});
