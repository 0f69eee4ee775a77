import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { PipelineDefinitionError } from './definition-error.ts';
import { pipeline } from './pipeline-builder.ts';

const Reading = z.object({ device: z.string(), celsius: z.number() });
const schema = Reading;

function overheating() {
  return pipeline('overheating')
    .from('readings', { schema })
    .filter('hot', (r) => r.celsius > 80);
}

function aggregated(options = {}) {
  return pipeline('totals', options)
    .from('readings', { schema })
    .keyBy((r) => r.device)
    .aggregate({
      init: () => ({ count: 0 }),
      add: (total) => ({ count: total.count + 1 }),
      merge: (left, right) => ({ count: left.count + right.count }),
      result: (_, { count }) => ({ count }),
    });
}

describe('a definition', () => {
  it('is typed from the schema to the sink', () => {
    const mapped = overheating().map((reading) => {
      expectTypeOf(reading).toEqualTypeOf<{ device: string; celsius: number }>();
      return { id: reading.device };
    });
    mapped.keyBy((value) => {
      expectTypeOf(value).toEqualTypeOf<{ id: string }>();
      return value.id;
    });
    const batch = aggregated({ schedule: { cron: '0 6 * * *' } });
    // @ts-expect-error: the row has no such column
    const wrong = () => batch.toCsv('totals.csv', ['colour']);
    expect(wrong).not.toThrow();
  });

  it('describes itself', () => {
    const definition = overheating()
      .map('to an alert', ({ device }) => ({ device }))
      .to('alerts');
    expect(definition).toMatchObject({
      name: 'overheating',
      runsAs: { stream: true, batch: false },
      groupId: 'overheating',
      deadLetterTopic: 'overheating.dlt',
      sinks: [{ kind: 'topic', topic: 'alerts' }],
      schedule: null,
    });
    expect(definition.nodes.slice(1).map(({ kind, label }) => `${kind} ${label}`)).toEqual([
      'filter hot',
      'map to an alert',
    ]);
  });

  it('runs as batch when it has a schedule, into a file, a topic, or both', () => {
    const definition = aggregated({ schedule: { cron: '0 6 * * *' } })
      .toCsv('totals.csv', ['key', 'count'])
      .to('totals');
    expect(definition.runsAs).toEqual({ stream: false, batch: true });
    expect(definition.schedule).toEqual({
      cron: '0 6 * * *',
      timeZone: 'UTC',
      window: 'contiguous',
      catchUp: 'coalesce',
      overlap: 'skip',
      onFailure: 'block',
      deadlineMs: null,
      onGap: 'fail',
    });
    expect(definition.sinks.map(({ kind }) => kind)).toEqual(['csv', 'topic']);
  });

  it('has another hash when what it does is another', () => {
    const one = overheating().to('alerts');
    const same = overheating().to('alerts');
    const other = overheating()
      .filter((r) => r.device !== 'test')
      .to('alerts');
    expect(one.hash).toBe(same.hash);
    expect(one.hash).not.toBe(other.hash);
  });

  it('takes any kind of schema', () => {
    const byFunction = (input: unknown) => String(input);
    const byParse = { parse: (input: unknown) => Number(input) };
    expect(pipeline('a').from('in', { schema: byFunction }).to('out').name).toBe('a');
    expect(pipeline('a').from('in', { schema: byParse }).to('out').name).toBe('a');
    expect(() => pipeline('a').from('in', { schema: 5 as never })).toThrow(/schema must be/);
  });

  it('chooses what fits the other choices of a schedule', () => {
    const schedule = (options: object) =>
      aggregated({ schedule: { cron: '0 6 * * *', ...options } }).to('totals').schedule;
    expect(schedule({ window: 'all' })).toMatchObject({ window: 'all', onFailure: 'continue' });
    expect(schedule({ catchUp: 'each' })).toMatchObject({ overlap: 'queue' });
    expect(schedule({ deadline: '2h' })).toMatchObject({ deadlineMs: 7_200_000 });
    expect(schedule({ deadline: 1_500 })).toMatchObject({ deadlineMs: 1_500 });
  });

  it.each([
    [{ window: 'some' }, /schedule.window must be "contiguous" or "all", not "some"/],
    [{ catchUp: 'none' }, /schedule.catchUp must be "coalesce" or "each" or "latest"/],
    [{ overlap: true }, /schedule.overlap must be "skip" or "queue", not true/],
    [{ onFailure: null }, /schedule.onFailure must be/],
    [{ onGap: '' }, /schedule.onGap must be/],
    [{ deadline: '2 hours' }, /schedule.deadline must be a duration such as "2h"/],
    [{ deadline: 0 }, /schedule.deadline must be/],
    [{ deadline: -1 }, /schedule.deadline must be/],
    [{ catchUp: 'each', overlap: 'skip' }, /schedule.overlap must be "queue"/],
    [{ catchup: 'each' }, /schedule has no option "catchup"; it has cron, timeZone/],
  ])('refuses the schedule option %j', (options, message) => {
    const define = () =>
      aggregated({ schedule: { cron: '0 6 * * *', ...options } as never }).to('totals');
    expect(define).toThrow(PipelineDefinitionError);
    expect(define).toThrow(message);
  });

  it.each([
    ['a bad name', () => pipeline('no spaces'), /letters, digits/],
    ['no source', () => pipeline('a').from([], { schema }), /at least one topic/],
    ['a sink that is its source', () => overheating().to('readings'), /which it reads/],
    [
      'an aggregate without a key',
      () =>
        pipeline('a')
          .from('in', { schema })
          .aggregate({ init: () => 0, add: (n) => n, result: (_, n) => ({ n }) }),
      /needs a key: call keyBy/,
    ],
    [
      'a file as all of a stream',
      () => aggregated({ runsAs: 'stream' }).toCsv('t.csv', ['count']),
      /needs a topic too/,
    ],
    [
      'a schedule on a stream',
      () =>
        pipeline('a', { runsAs: 'stream', schedule: { cron: '* * * * *' } })
          .from('in', { schema })
          .to('out'),
      /runsAs "batch" or "either"/,
    ],
    ['a path as a file name', () => aggregated().toCsv('../totals.csv', ['count']), /plain file/],
    [
      'no attempts',
      () =>
        pipeline('a', { retry: { attempts: 0 } })
          .from('in', { schema })
          .to('out'),
      /retry.attempts must be/,
    ],
  ])('refuses %s, naming the pipeline', (_, define, message) => {
    expect(define).toThrow(PipelineDefinitionError);
    expect(define).toThrow(/^pipeline "/);
    expect(define).toThrow(message);
  });
});
