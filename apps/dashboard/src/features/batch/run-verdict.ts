import type { BatchTrigger } from '../../generated/graphql.ts';
import { formatAbout, formatDuration, formatExact, formatPercent } from '../../ui/numbers.ts';
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
};

/** Median duration of the runs that were done, ms; null before the second one. */
export function usualDurationMs(runs: readonly BatchRun[]): number | null {
  const durations = runs
    .filter((run) => run.state === 'SUCCEEDED')
    .map((run) => runDurationMs(run, run.finishedAt ?? 0))
    .filter((duration): duration is number => duration !== null)
    .toSorted((a, b) => a - b);
  return durations.length < 2 ? null : durations[Math.floor(durations.length / 2)]!;
}

/** Time left at the mean pace so far, ms; null before 2 % are read. */
export function timeLeftMs(run: BatchRun, now: number): number | null {
  const progress = runProgress(run);
  const worked = runDurationMs(run, now);
  if (worked === null || progress < 0.02 || run.state !== 'RUNNING') return null;
  return (worked * (1 - progress)) / progress;
}

/** What a run is doing or has done, on the page of its job. */
export function runVerdict(run: BatchRun, runs: readonly BatchRun[], now: number): VerdictText {
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
      return { look, since, sentence: [doneSentence(run, runs)], lead: [resultSentence(run)] };
    case 'FAILED':
      return {
        look,
        since,
        sentence: [
          `Failed ${run.attempt === 1 ? 'at the first attempt' : `${run.attempt} times`}`,
          run.finishedAt === null ? '.' : ` and gave up at ${formatMoment(run.finishedAt)}.`,
        ],
        lead: [run.error ?? 'The reason was not reported.'],
      };
    case 'CANCELLED':
      return {
        look,
        since,
        sentence: [`Cancelled after ${formatExact(run.recordsRead)} records.`],
        lead: ['Nothing of it counts, and it keeps its window: retry or restart it.'],
      };
  }
}

function doneSentence(run: BatchRun, runs: readonly BatchRun[]): string {
  const took = runDurationMs(run, run.finishedAt ?? 0);
  const usual = usualDurationMs(runs);
  const records = `${formatExact(run.recordsRead)} ${run.recordsRead === 1 ? 'record' : 'records'}.`;
  if (took === null) return `Done: ${records}`;
  if (usual === null) return `Done in ${formatDuration(took)}: ${records}`;
  const ratio = took / Math.max(usual, 1);
  const word =
    ratio > 1.5 && took > 5_000
      ? ', slower than usual'
      : ratio < 1.5 && ratio > 0.6
        ? ', as usual'
        : '';
  return `Done in ${formatDuration(took)}${word}: ${records}`;
}

function resultSentence(run: BatchRun): string {
  const rows = `${formatExact(run.resultRows)} result ${run.resultRows === 1 ? 'row' : 'rows'}`;
  return run.resultTopic === null ? `${rows}.` : `${rows}, written to ${run.resultTopic}.`;
}
