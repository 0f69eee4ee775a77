import { expect, it } from 'vitest';
import { chartAnnotations } from './annotations.ts';
import { eventWords } from './event-words.ts';

it('names a run by its job, and writes a subject once', () => {
  expect(
    eventWords({ kind: 'RUN_STARTED', subject: 'r1', message: 'daily-report: attempt 1 began' }),
  ).toEqual({ subject: 'daily-report', text: 'attempt 1 began' });
  expect(
    eventWords({ kind: 'GROUP_REBALANCED', subject: 'g', message: 'g rebalanced, 1 member' }),
  ).toEqual({ subject: 'g', text: 'rebalanced, 1 member' });
  expect(eventWords({ kind: 'PROCESS_EXITED', subject: 'api', message: 'code 1: why' })).toEqual({
    subject: 'api',
    text: 'code 1: why',
  });
});

it('draws a burst of rebalances once, and leaves out what explains nothing', () => {
  const event = (id: string, at: number, kind: 'GROUP_REBALANCED' | 'RUN_PROGRESS') => ({
    id,
    at,
    kind,
    subject: 'g',
    message: '',
  });
  const events = [
    event('4', 90_000, 'GROUP_REBALANCED'),
    event('3', 15_000, 'RUN_PROGRESS'),
    event('2', 14_000, 'GROUP_REBALANCED'),
    event('1', 10_000, 'GROUP_REBALANCED'),
  ];
  expect(chartAnnotations(events, ['g'])).toEqual([
    { at: 10, text: 'rebalance' },
    { at: 90, text: 'rebalance' },
  ]);
  expect(chartAnnotations(events, ['other'])).toEqual([]);
});
