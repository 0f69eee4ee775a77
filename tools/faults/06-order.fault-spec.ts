import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiKeys, encodeRecordBatch } from '@penstock/kafka-protocol';
import { eventually, externalTool, temporaryFolder, WireClient } from '@penstock/testing';
import { expect, test } from 'vitest';
import { createTopic, startBroker, TOPIC } from './broker.ts';
import { report, rounds } from './settings.ts';

const hasStrace = externalTool('strace') !== undefined;
const IN_FLIGHT = 5;
const CALLS = 'pwrite64,pwritev,pwritev2,write,writev,sendto,sendmsg,fdatasync,fsync';

test.skipIf(!hasStrace)(
  'fault 6: each produce is answered after its bytes were written and synced',
  async () => {
    const requests = rounds(300, 20_000);
    await using folder = await temporaryFolder();
    const trace = join(folder.path, 'calls');
    const strace = ['strace', '-D', '-f', '-yy', '-qq', '-s', '0', '-e', `trace=${CALLS}`];
    await using penstock = await startBroker({
      command: (_name, words) => [...strace, '-o', trace, ...words],
    });
    await createTopic(penstock.kafkaPort, 1);
    const answerBytes = await produceAll(penstock.kafkaPort, requests);
    await penstock.stop('broker');
    // The tracer is still writing when the broker has ended.
    const { violations, syncs } = await eventually(
      () => {
        const found = check(readFileSync(trace, 'utf8'), answerBytes);
        return found.answered >= requests ? found : undefined;
      },
      { what: `${requests} answers in the trace` },
    );
    expect(violations.slice(0, 10)).toEqual([]);
    report(6, { requests, syncs, 'answered before their sync': violations.length });
  },
);

/** One connection, one partition, five on their way; gives the bytes of an answer. */
async function produceAll(port: number, requests: number): Promise<number> {
  await using client = await WireClient.connect(port);
  let sent = 0;
  const lane = async (): Promise<void> => {
    while (sent < requests) {
      sent++;
      const records = encodeRecordBatch({
        records: [{ timestamp: Date.now(), value: Buffer.from('value') }],
      });
      const answer = await client.send(ApiKeys.Produce, 8, {
        acks: -1,
        timeoutMs: 30_000,
        topicData: [{ name: TOPIC, partitionData: [{ index: 0, records }] }],
      });
      expect(answer.responses[0]?.partitionResponses[0]?.errorCode).toBe(0);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  // Version 8: length, correlation id, one topic with its name, one partition without errors.
  return 4 + 4 + 4 + 2 + TOPIC.length + 4 + 4 + 2 + 8 + 8 + 8 + 4 + 2 + 4;
}

/**
 * Walks the calls in order. The n-th write to the log's file belongs to the n-th request. Its
 * answer may be sent once a sync of the file has ended that began after that write.
 */
function check(text: string, answerBytes: number) {
  const log = new RegExp(`/${TOPIC}-0/\\d+\\.log>`);
  const violations: string[] = [];
  let [written, synced, answered, syncs] = [0, 0, 0, 0];
  /** Writes that were done when a thread's sync began. */
  const syncing = new Map<string, number>();
  /** Writes that were synced when a thread began to send. */
  const sending = new Map<string, number>();
  const answer = (line: string, syncedBefore: number) => {
    const bytes = Number(/= (\d+)$/.exec(line)?.[1] ?? 0);
    if (written === 0 || bytes % answerBytes !== 0) return;
    answered += bytes / answerBytes;
    if (answered > syncedBefore) {
      violations.push(`answer ${answered} after a sync of ${syncedBefore}: ${line}`);
    }
  };
  for (const line of text.split('\n')) {
    const [thread] = line.split(' ', 1) as [string];
    if (/f(data)?sync\(/.test(line) && log.test(line)) {
      syncing.set(thread, written);
      if (line.includes('unfinished')) continue;
    }
    if (/f(data)?sync/.test(line) && syncing.has(thread) && /= 0/.test(line)) {
      synced = Math.max(synced, syncing.get(thread)!);
      syncing.delete(thread);
      syncs++;
    } else if (/pwrite/.test(line) && log.test(line)) {
      written++;
    } else if (/(write|writev|sendto|sendmsg)\(\d+<TCP/.test(line)) {
      if (line.includes('unfinished')) sending.set(thread, synced);
      else answer(line, synced);
    } else if (/(write|writev|sendto|sendmsg) resumed>/.test(line) && sending.has(thread)) {
      answer(line, sending.get(thread)!);
      sending.delete(thread);
    }
  }
  return { violations, answered, syncs };
}
