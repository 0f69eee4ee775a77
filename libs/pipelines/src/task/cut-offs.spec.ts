import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { MemoryBacking } from '../state/memory-backing.ts';
import { deadLetterReason } from './dead-letter.ts';
import type { OutputRecord } from './task-output.ts';
import { pipeline } from '../topology/pipeline-builder.ts';
import { newSharedMark, SharedMark, SharedMarkReader } from '../watch/shared-mark.ts';
import type { CutOff } from '../watch/work-mark.ts';
import { Task } from './task.ts';

/** Runs a pipeline's only stage; each function's work is remembered as the marks say it. */
async function run(ids: readonly string[], cutOffs: readonly CutOff[] = []) {
  const buffer = newSharedMark();
  const reader = new SharedMarkReader(buffer);
  const mark = new SharedMark(buffer, (word) => reader.named(word));
  const seen = new Map<string, CutOff>();
  const see = (id: string): void => {
    const work = reader.read().call;
    if (work !== null && !seen.has(`${work.operator} ${id}`)) {
      seen.set(`${work.operator} ${id}`, { ...work, reason: `${id} was cut off`, attempts: 3 });
    }
  };
  const definition = pipeline('looked-after')
    .from('in', {
      schema: z.object({ id: z.string() }).refine(({ id }) => {
        see(id);
        return true;
      }),
      eventTime: ({ id }) => {
        see(id);
        return 1_000;
      },
    })
    .map('look', (value) => {
      see(value.id);
      return value;
    })
    .mapAsync('fetch', async (value) => {
      see(value.id);
      return value;
    })
    .byRecordKey()
    .process('keep', {
      state: () => null,
      onRecord: ({ id }, context) => {
        see(id);
        context.schedule(2_000, id);
        context.emit(id);
      },
      onTimer: (id) => see(String(id)),
    })
    .to('out');
  const [stage] = definition.stages;
  const task = new Task({
    definition,
    stage: stage!,
    number: 0,
    backing: new MemoryBacking(),
    upstreamTasks: [],
    partitions: [{ topic: 'in', partition: 0, offset: 0 }],
    now: () => 10_000,
    pause: () => Promise.resolve(),
    waitForHelp: (reason) => Promise.reject(reason),
    partitionsOf: () => 1,
    tables: () => {
      throw new Error('no tables');
    },
    signal: new AbortController().signal,
    log: { info: () => {}, warn: () => {} },
    run: null,
    mark: mark.of(definition.name, stage!.index),
    cutOffs,
  });
  for (const [offset, id] of ids.entries()) {
    const [key, value] = [Buffer.from(id), Buffer.from(JSON.stringify({ id }))];
    await task.process({
      topic: 'in',
      partition: 0,
      offset,
      timestamp: 1_000,
      key,
      value,
      headers: [],
    });
  }
  const before = await task.commit();
  await task.finish(100_000);
  const outputs = [...before.outputs, ...(await task.commit()).outputs];
  const records = outputs.filter((output): output is OutputRecord => output.kind === 'record');
  return {
    seen,
    outputs: records.filter(({ purpose }) => purpose === 'sink').map(({ value }) => String(value)),
    letters: records.filter(({ purpose }) => purpose === 'deadLetter').map(deadLetterReason),
  };
}

describe('work that was cut off', () => {
  it('makes its item a dead letter wherever it was, and takes nothing from the others', async () => {
    const ids = ['a', 'b', 'c'];
    const free = await run(ids);
    expect(free.outputs).toEqual(['"a"', '"b"', '"c"']);
    expect(free.letters).toEqual([]);
    const operators = [...new Set([...free.seen.values()].map(({ operator }) => operator))];
    expect(operators).toEqual([
      'schema',
      'eventTime',
      'map look',
      'mapAsync fetch',
      'process keep onRecord',
      'process keep onTimer',
    ]);
    for (const operator of operators) {
      const cutOff = free.seen.get(`${operator} b`);
      const { outputs, letters } = await run(ids, [cutOff!]);
      expect(letters, operator).toEqual(['b was cut off']);
      const isTimer = operator === 'process keep onTimer';
      expect(outputs, operator).toEqual(isTimer ? free.outputs : ['"a"', '"c"']);
    }
  });
});
