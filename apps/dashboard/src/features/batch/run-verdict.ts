import type { BatchTrigger } from '../../generated/graphql.ts';
import {
  formatAbout,
  formatDuration,
  formatExact,
  formatPercent,
  formatPlural,
} from '../../ui/numbers.ts';
import { runLooks } from '../../ui/state-mark.tsx';
import { formatMoment } from '../../ui/time.ts';
import type { VerdictText } from '../../ui/verdict.tsx';
import type { BatchRun } from './queries.ts';
import { runDurationMs, runProgress } from './run-bars.tsx';

/** What started a run, in words. */
export const triggerWords: Record<BatchTrigger, string> = {
  SCHEDULE: 'on schedule',
  CATCH_UP: 'to catch up',
  HAND: 'by hand',
  BACKFILL: 'by a backfill',
  TIMER: 'by a timer',
};

/** With fewer, it is the run's own overhead that is measured. */
const recordsMin = 1_000;

/**
 * How long a run worked per million records, ms: windows differ in size, so that durations alone
 * say nothing. Null before it has read enough of them.
 */
export function perMillionMs(run: BatchRun, now: number): number | null {
  const worked = runDurationMs(run, now);
  return worked === null || run.recordsRead < recordsMin
    ? null
    : (worked / run.recordsRead) * 1_000_000;
}

/** The median of {@link perMillionMs} over the runs that were done; null before the second one. */
export function usualPerMillionMs(runs: readonly BatchRun[]): number | null {
  const paces = runs
    .filter((run) => run.state === 'SUCCEEDED')
    .map((run) => perMillionMs(run, run.finishedAt ?? 0))
    .filter((pace): pace is number => pace !== null)
    .toSorted((a, b) => a - b);
  return paces.length < 2 ? null : paces[Math.floor(paces.length / 2)]!;
}

/** Time left at the mean pace so far, ms; null before 2 % are read. */
export function timeLeftMs(run: BatchRun, now: number): number | null {
  const progress = runProgress(run);
  const worked = runDurationMs(run, now);
  if (worked === null || progress < 0.02 || run.state !== 'RUNNING') return null;
  return (worked * (1 - progress)) / progress;
}

/** What a run is doing or has done, on the page of its job. */
export function runVerdict(run: BatchRun, now: number): VerdictText {
  const look = runLooks[run.state];
  const begun = `${triggerWords[run.trigger]} at ${formatMoment(run.createdAt)}`;
  const since = run.state === 'WAITING' ? `asked for ${begun}` : `started ${begun}`;
  const tried = run.attempt > 1 ? `, attempt ${run.attempt}` : '';
  switch (run.state) {
    case 'WAITING':
      return {
        look,
        since,
        sentence: [`Waits since ${formatDuration(Math.max(0, now - run.createdAt))}${tried}.`],
        lead: [run.waitingFor ?? 'A worker takes it as soon as one is free.'],
      };
    case 'RUNNING': {
      const left = timeLeftMs(run, now);
      return {
        look,
        word: `Attempt ${run.attempt} running`,
        since,
        sentence: [
          `Reads its window: ${formatPercent(runProgress(run))}`,
          left === null ? '.' : `, ${formatAbout(left)} left.`,
        ],
        lead: [
          `${formatExact(run.recordsRead)} of ${formatExact(run.recordsTotal)} records.`,
          run.waitingFor === null ? '' : ` Waits for ${run.waitingFor}.`,
        ],
      };
    }
    case 'SUCCEEDED':
      return { look, since, sentence: [doneSentence(run)], lead: [resultSentence(run)] };
    case 'FAILED':
      return {
        look,
        since,
        sentence: [
          `Failed ${run.attempt === 1 ? 'at the first attempt' : `${run.attempt} times`}`,
          run.finishedAt === null ? '.' : ` and gave up at ${formatMoment(run.finishedAt)}.`,
        ],
        lead: [`${withStop(run.error ?? 'The reason was not reported.')}${keptSentence(run)}`],
      };
    case 'CANCELLED':
      return {
        look,
        since,
        sentence: [`Cancelled after ${formatExact(run.recordsRead)} records.`],
        lead: [`Nothing of it counts yet.${keptSentence(run)}`],
      };
  }
}

function doneSentence(run: BatchRun): string {
  const took = runDurationMs(run, run.finishedAt ?? 0);
  const records = formatPlural(run.recordsRead, 'record');
  return took === null ? `Done: ${records}.` : `Done in ${formatDuration(took)}: ${records}.`;
}

function withStop(words: string): string {
  return /[.!?]$/.test(words) ? words : `${words}.`;
}

function keptSentence(run: BatchRun): string {
  return run.window.kind === 'CONTIGUOUS' ? ' It keeps its window: retry or restart it.' : '';
}

function resultSentence(run: BatchRun): string {
  const rows = `${formatExact(run.resultRows)} result ${run.resultRows === 1 ? 'row' : 'rows'}`;
  return run.resultTopic === null ? `${rows}.` : `${rows}, written to ${run.resultTopic}.`;
}
