import { expect, it } from 'vitest';
import { failureKinds } from './failure-reasons.ts';
import type { BatchRun } from './queries.ts';

function run(id: string, error: string | null, ...steps: (string | null)[]): BatchRun {
  const ofSteps = steps.map((stepError) => ({ error: stepError }));
  return { id, error, finishedAt: Number(id), steps: ofSteps } as unknown as BatchRun;
}

it('failures are grouped by what they say besides numbers and values', () => {
  const kinds = failureKinds([
    run('5', 'row 12: "a" is no number', 'row 12: "a" is no number'),
    run('4', null, null),
    run('3', 'row 7: "b" is no number'),
    run('2', null, 'the disk is full'),
  ]);
  expect(kinds).toEqual([
    { reason: 'row 12: "a" is no number', count: 2, lastAt: 5, runId: '5' },
    { reason: 'the disk is full', count: 1, lastAt: 2, runId: '2' },
  ]);
});
