import { IconCircleX, IconPlugOff, IconRefresh } from '@tabler/icons-react';
import { formatExact, formatPlural } from '../../ui/numbers.ts';
import type { Rich } from '../../ui/rich.tsx';
import { groupLooks, runLooks, type StateLook } from '../../ui/state-mark.tsx';
import type { VerdictText } from '../../ui/verdict.tsx';
import type { LiveFrame } from '../../live/live-store.ts';
import { groupVerdictWithSubject, type GroupFacts } from '../consumer-groups/group-verdict.ts';
import { compareWorstFirst, isProblem } from '../consumer-groups/health.ts';

/** Where a problem can be looked into. */
export type Target =
  | { kind: 'group'; groupId: string }
  | { kind: 'job'; job: string; run?: string }
  | { kind: 'pipeline'; name: string };

export interface Problem {
  /** Larger is worse; the worst becomes the page's verdict. */
  weight: number;
  verdict: VerdictText;
  target?: Target;
}

export interface OverviewFacts {
  frame: LiveFrame;
  /** Facts of each group in the frame. */
  groups: readonly GroupFacts[];
  /** Last finished run of each job, when it failed. */
  failedRuns: readonly { id: string; job: string; error: string | null; attempt: number }[];
}

const lost: StateLook = { tone: 'fail', word: 'No answer', icon: IconPlugOff };
const restarting: StateLook = { tone: 'behind', word: 'Restarting', icon: IconRefresh };
const failed: StateLook = { tone: 'fail', word: 'Failed', icon: IconCircleX };

/** Everything that is wrong, worst first. */
export function overviewProblems(facts: OverviewFacts): Problem[] {
  return [
    ...systemProblems(facts),
    ...processorProblems(facts.frame),
    ...groupProblems(facts.groups),
    ...facts.failedRuns.map(runProblem),
  ].sort((a, b) => b.weight - a.weight);
}

const problemsShownMax = 4;

export interface ProblemKind {
  kind: Target['kind'];
  count: number;
}

/**
 * What the page names, worst first, and what it only counts. Problems of the system itself (broker,
 * processes, workers, Redis) are always named, and as many others as a person reads.
 */
export function namedProblems(problems: readonly Problem[]): {
  named: Problem[];
  counted: ProblemKind[];
} {
  const others = problems.filter((problem) => problem.target !== undefined);
  const unnamed = new Set(others.slice(problemsShownMax));
  const counts = new Map<Target['kind'], number>();
  for (const { target } of unnamed) counts.set(target!.kind, (counts.get(target!.kind) ?? 0) + 1);
  return {
    named: problems.filter((problem) => !unnamed.has(problem)),
    counted: [...counts].map(([kind, count]) => ({ kind, count })),
  };
}

function systemProblems({ frame }: OverviewFacts): Problem[] {
  const problems: Problem[] = [];
  if (frame.brokerError !== null) {
    const sentence: Rich = [{ b: 'The broker' }, ' does not answer; nothing can be measured now.'];
    problems.push({
      weight: 100,
      verdict: { look: lost, sentence, lead: [`${frame.brokerError} Asked again each second.`] },
    });
  }
  if (frame.databaseError !== null) {
    const sentence: Rich = [
      { b: 'control.db' },
      ' cannot be written; records and consumer groups go on.',
    ];
    const lead = `${frame.databaseError}. Until then runs wait, changes fail, and what workers report is old.`;
    const look = { ...lost, word: 'Database busy' };
    problems.push({ weight: 97, verdict: { look, sentence, lead: [lead] } });
  }
  for (const process of frame.processes) {
    if (process.state !== 'BACKING_OFF' && process.state !== 'STOPPED') continue;
    const sentence: Rich = [{ b: `Process ${process.name}` }, ` ended and is started again.`];
    const lead = `${process.lastExit ?? 'The reason is not known.'} Restarts so far: ${process.restarts}.`;
    problems.push({ weight: 95, verdict: { look: restarting, sentence, lead: [lead] } });
  }
  if (!frame.redisConnected) {
    const sentence: Rich = [{ b: 'Batch jobs' }, ' wait: Redis cannot be used. All else works.'];
    const lead = frame.redisError ?? 'Batch joins by itself when Redis appears.';
    problems.push({
      weight: 88,
      verdict: { look: lost, word: 'No Redis', sentence, lead: [lead] },
    });
  }
  if (frame.workersAlive === 0) {
    const sentence: Rich = [
      { b: 'No worker' },
      ' is there; stream processors and batch jobs stand.',
    ];
    problems.push({ weight: 90, verdict: { look: lost, word: 'No worker', sentence } });
  }
  return problems;
}

function processorProblems(frame: LiveFrame): Problem[] {
  return frame.processors
    .filter((processor) => processor.state === 'FAILED' || processor.state === 'RETRYING')
    .map((processor) => {
      const isFailed = processor.state === 'FAILED';
      const look = isFailed ? failed : { ...restarting, word: 'Retrying' };
      const does = processor.stateProblem
        ? ' has stopped: what becomes of its state is to be chosen.'
        : isFailed
          ? ' has stopped working.'
          : ' tries the same records again.';
      return {
        weight: isFailed ? 85 : 50,
        verdict: {
          look,
          sentence: [{ b: processor.pipeline }, does],
          lead: [processor.lastError ?? 'The reason was not reported.'],
        },
        target: { kind: 'pipeline', name: processor.pipeline },
      };
    });
}

function groupProblems(groups: readonly GroupFacts[]): Problem[] {
  return groups
    .filter((group) => isProblem(group.health))
    .sort(compareWorstFirst)
    .map((group, index) => ({
      weight: 80 - index / 1000 - (group.health === 'NO_MEMBERS' ? 10 : 0),
      verdict: groupVerdictWithSubject(group),
      target: { kind: 'group', groupId: group.groupId },
    }));
}

function runProblem(run: OverviewFacts['failedRuns'][number]): Problem {
  return {
    weight: 30,
    verdict: {
      look: runLooks.FAILED,
      sentence: [{ b: run.job }, ` failed at its last run, attempt ${run.attempt}.`],
      lead: [run.error ?? 'The reason was not reported.'],
    },
    target: { kind: 'job', job: run.job, run: run.id },
  };
}

/** What a calm page says. */
export function calmVerdict(frame: LiveFrame): VerdictText {
  const { groups, totals } = frame;
  const paused = groups.filter((group) => group.health === 'PAUSED').map((group) => group.groupId);
  const catching = groups.filter((group) => group.health === 'CATCHING_UP').length;
  const look = groupLooks.KEEPING_UP;
  const lead: Rich = [
    `${formatPlural(groups.length, 'group')} on ${formatPlural(totals.topics, 'topic')}. `,
    ...(catching > 0 ? [`${catching} catching up. `] : []),
    ...(paused.length > 0 ? [`${paused.join(', ')} paused on purpose.`] : []),
  ];
  if (groups.length === 0) {
    const sentence: Rich = ['Records arrive. Nobody reads them in a group yet.'];
    return {
      look,
      word: 'All well',
      sentence,
      lead: [`${formatPlural(totals.topics, 'topic')}, no consumer group.`],
    };
  }
  if (totals.lag === null) {
    return {
      look,
      word: 'All well',
      sentence: ['Nothing is wrong. Lag is known with the first commit.'],
      lead,
    };
  }
  const sentence: Rich =
    totals.lag === 0
      ? ['Everything keeps up. ', { b: 'No record' }, ' waits for anyone.']
      : [
          'Everything keeps up. ',
          { b: formatExact(totals.lag) },
          ` ${totals.lag === 1 ? 'record waits' : 'records wait'} to be read.`,
        ];
  return { look, word: 'All well', sentence, lead };
}
