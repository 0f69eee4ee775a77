import { expect, test } from 'vitest';
import { expositionProblems } from '@penstock/testing';
import { exposition, single } from './metric-family.ts';
import { Metrics } from './metrics.ts';

test('families of several processes are one block each, with any text in help and labels', () => {
  const odd = 'a "quoted" \\ text\nof two lines';
  const text = exposition([
    { process: 'api', families: [single('gauge', 'up', odd, 1)] },
    {
      process: 'worker',
      families: [
        { name: 'up', help: odd, type: 'gauge', samples: [{ labels: { topic: odd }, value: 0 }] },
        single('counter', 'things_total', 'Things', Infinity),
      ],
    },
  ]);
  expect(expositionProblems(text)).toEqual([]);
  expect(text.match(/# TYPE up gauge/g)).toHaveLength(1);
  expect(text).toContain('up{process="api"} 1');
  expect(text).toContain('things_total{process="worker"} +Inf');
});

test('what a process counts itself is in the format too, counters as counters', async () => {
  const metrics = new Metrics();
  metrics
    .counter({ name: 'ingest_total', help: 'Requests', labelNames: ['format'] })
    .inc({ format: 'a' });
  metrics.histogram({ name: 'seconds', help: 'Time', buckets: [0.1, 1] }).observe(0.5);
  const text = exposition([
    { process: 'api', families: [...metrics.processFamilies(), ...(await metrics.families())] },
  ]);
  metrics.onApplicationShutdown();
  expect(expositionProblems(text)).toEqual([]);
  expect(text).toContain('# TYPE process_cpu_seconds_total counter');
  expect(text).toContain('seconds_bucket{le="+Inf",process="api"} 1');
});

test.each([
  ['a type twice', '# HELP a b\n# TYPE a gauge\n# TYPE a gauge\na 1\n'],
  ['a sample without type', 'a 1\n'],
  [
    'a family in two places',
    '# HELP a b\n# TYPE a gauge\na 1\n# HELP c d\n# TYPE c gauge\nc 1\na{x="1"} 2\n',
  ],
  ['a counter without _total', '# HELP a b\n# TYPE a counter\na 1\n'],
  ['a gauge named as a counter', '# HELP a_total b\n# TYPE a_total gauge\na_total 1\n'],
  ['one series twice', '# HELP a b\n# TYPE a gauge\na{x="1"} 1\na{x="1"} 2\n'],
  ['no number', '# HELP a b\n# TYPE a gauge\na none\n'],
  ['no end of line', '# HELP a b\n# TYPE a gauge\na 1'],
])('the check of the format finds %s', (_, text) => {
  expect(expositionProblems(text)).not.toEqual([]);
});
