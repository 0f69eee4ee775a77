import { eventually, expositionProblems, startSupervised } from '@penstock/testing';
import { expect, test } from 'vitest';
import { processes } from './graphql.ts';

test('one page has the figures of every process, and says which does not answer', async () => {
  await using system = await startSupervised();
  const page = async () => await (await fetch(`${system.baseUrl}/metrics`)).text();
  await fetch(`${system.baseUrl}/ingest/measured`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: '1\n2\n3\n',
  });
  const all = await eventually(async () => {
    const text = await page();
    return text.includes('topic_partition_current_offset{topic="measured"') ? text : undefined;
  }, 30_000);
  expect(expositionProblems(all)).toEqual([]);
  for (const name of ['broker', 'api', 'worker']) {
    expect(all).toContain(`penstock_process_up{process="${name}"} 1`);
    expect(all).toMatch(new RegExp(`process_cpu_seconds_total{process="${name}"} `));
  }
  const traffic = 'kafka_server_brokertopicmetrics_messagesin_total';
  expect(all).toContain(`${traffic}{topic="measured",process="broker"} 3`);

  const worker = (await processes(system.baseUrl)).find(({ name }) => name === 'worker')!;
  process.kill(worker.pid!, 'SIGSTOP');
  try {
    const without = await page();
    expect(without).toContain('penstock_process_up{process="worker"} 0');
    expect(without).toContain('penstock_process_up{process="broker"} 1');
    expect(without).not.toMatch(/process_cpu_seconds_total\{process="worker"\}/);
    expect(expositionProblems(without)).toEqual([]);
  } finally {
    process.kill(worker.pid!, 'SIGCONT');
  }
});
