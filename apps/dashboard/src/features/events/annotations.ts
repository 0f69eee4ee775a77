import type { EventKind, EventRowFragment } from '../../generated/graphql.ts';

/** What may explain a bend in a line, in at most four words. */
const words: Partial<Record<EventKind, string>> = {
  GROUP_REBALANCED: 'rebalance',
  GROUP_EMPTIED: 'last member left',
  PIPELINES_RELOADED: 'pipelines reloaded',
  PROCESSOR_PAUSED: 'paused',
  PROCESSOR_RESUMED: 'resumed',
  PROCESSOR_FAILED: 'processor failed',
  PROCESSOR_STARTED_OVER: 'started over',
  PROCESS_EXITED: 'process ended',
  BROKER_LOST: 'broker lost',
  CLOCK_WENT_BACK: 'clock set back',
  CLOCK_WENT_FORWARD: 'clock set forward',
};

const annotationsMax = 6;

/**
 * Events to draw into charts, oldest first, times in seconds. With `subjects` only theirs and those
 * of whole processes; of several within 20 s only the first is drawn.
 */
export function chartAnnotations(
  events: readonly EventRowFragment[],
  subjects: readonly string[] | null,
): { at: number; text: string }[] {
  const drawn: { at: number; text: string }[] = [];
  for (const event of events.toReversed()) {
    const text = words[event.kind];
    const isOwn = subjects === null || subjects.includes(event.subject);
    const isProcess =
      event.kind === 'PROCESS_EXITED' ||
      event.kind === 'BROKER_LOST' ||
      event.kind.startsWith('CLOCK_');
    if (text === undefined || (!isOwn && !isProcess)) continue;
    const at = event.at / 1000;
    const before = drawn.at(-1);
    if (before && at - before.at < 20) continue;
    drawn.push({ at, text: subjects === null && !isProcess ? `${event.subject} ${text}` : text });
  }
  return drawn.slice(-annotationsMax);
}
