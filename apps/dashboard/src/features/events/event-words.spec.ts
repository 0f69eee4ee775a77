import { expect, it } from 'vitest';
import { chartAnnotations } from './annotations.ts';
import { eventSentence, eventWords } from './event-words.ts';
import { newestFirst } from './use-events.ts';

it.each([
  ['RUN_STARTED', 'r1', 'daily-report: attempt 1 began', '', 'daily-report'],
  ['GROUP_REBALANCED', 'g', 'g rebalanced, 1 member', '', 'g'],
  ['TOPIC_CREATED', 'cfg-4', 'Topic cfg-4 was created', 'Topic ', 'cfg-4'],
  ['TOPIC_CREATED', 't', 'Topic t was created', 'Topic ', 't'],
  ['TOPIC_DELETED', 'a.b', 'Topic a.b was deleted', 'Topic ', 'a.b'],
  ['BROKER_LOST', 'broker', 'The broker at 127.0.0.1:9092 refuses', 'The ', 'broker'],
  ['REDIS_LOST', 'redis', 'Redis does not answer', '', 'Redis'],
  ['CLOCK_WENT_BACK', 'clock', 'The clock went back by 2 h', 'The ', 'clock'],
] as const)(
  'a sentence of %s names its subject %s once',
  (kind, subject, message, before, name) => {
    const event = { kind, subject, message };
    expect(eventWords(event)).toMatchObject({ before, subject: name });
    expect(eventSentence(event)).toBe(message);
  },
);

it('a message that does not name its subject gets it in front', () => {
  const event = { kind: 'PROCESS_EXITED', subject: 'api', message: 'code 1: the apis' } as const;
  expect(eventSentence(event)).toBe('api: code 1: the apis');
});

it('live and fetched events are one list in the order of their ids, each once', () => {
  const event = (id: string, at: number) => ({
    id,
    at,
    kind: 'RUN_STARTED' as const,
    subject: 's',
    message: '',
  });
  // The clock was set back before event 10.
  const live = [event('10', 5), event('9', 99)];
  const fetched = [event('9', 99), event('8', 98)];
  expect(newestFirst(live, fetched).map(({ id }) => id)).toEqual(['10', '9', '8']);
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
