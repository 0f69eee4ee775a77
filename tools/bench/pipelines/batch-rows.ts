import { eventually, GraphqlClient, ownPipelines, startPenstock } from '@penstock/testing';
import { cpuSeconds } from '../broker/process-usage.ts';
import type { Length, Measurement } from '../measurement.ts';
import { writePayments } from './payments.ts';

const PIPELINES = `
import { pipeline, tumbling } from '@penstock/pipelines';
export * from '@penstock/samples';

export const pipelines = [
  pipeline('counted', { schedule: { cron: '0 0 1 1 *' } })
    .from('payments', { schema: (value) => value })
    .byRecordKey()
    .window(tumbling('1m'))
    .aggregate({ init: () => 0, add: (count) => count + 1, result: (_, count) => ({ count }) })
    .to('counts'),
];
`;
const RECORDS_PER_SECOND_OF_LENGTH = 160_000;
const FLOOR = 200_000;

interface Run {
  readonly state: string;
  readonly error: string | null;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly recordsRead: number;
}

/** A batch run over a warm log: the windowed count of the rows before, by a worker. */
export async function measureBatch({ seconds }: Length): Promise<Measurement[]> {
  await using own = await ownPipelines(PIPELINES);
  await using penstock = await startPenstock({ redis: true, command: own.command });
  await writePayments(penstock.kafkaPort, seconds * RECORDS_PER_SECOND_OF_LENGTH);
  await using client = new GraphqlClient(penstock.baseUrl);
  const cpu = cpuSeconds(penstock.pid('worker'));
  const { startBatchRun } = await client.query<{ startBatchRun: { id: string } }>(
    'mutation { startBatchRun(input: { job: "counted" }) { ... on BatchRun { id } } }',
  );
  const query = `query ($id: ID!) {
    batchRun(id: $id) { state error startedAt finishedAt recordsRead }
  }`;
  const run = await eventually(
    async () => {
      const { batchRun } = await client.query<{ batchRun: Run }>(query, startBatchRun);
      return ['SUCCEEDED', 'FAILED'].includes(batchRun.state) && batchRun;
    },
    { deadlineMs: 300_000, intervalMs: 100, what: 'the end of the run' },
  );
  if (run.state !== 'SUCCEEDED') throw new Error(`the run failed: ${run.error}`);
  const used = cpuSeconds(penstock.pid('worker')) - cpu;
  const perSecond = run.recordsRead / ((run.finishedAt - run.startedAt) / 1_000);
  const perCpuSecond = run.recordsRead / used;
  return [
    {
      name: 'batch run, windowed count',
      value: `${thousands(perSecond)} records/s, ${thousands(perCpuSecond)} per CPU s`,
      floor: `${thousands(FLOOR)} per CPU s`,
      met: perCpuSecond >= FLOOR,
      how: `${thousands(run.recordsRead)} records in a warm log, by a worker`,
    },
  ];
}

function thousands(rate: number): string {
  return Math.round(rate).toLocaleString('en');
}
