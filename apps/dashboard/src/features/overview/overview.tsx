import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { useFrame, useLive } from '../../live/use-live.ts';
import type { LiveFrame } from '../../live/live-store.ts';
import { GapChart } from '../../ui/chart/gap-chart.tsx';
import { formatPlural } from '../../ui/numbers.ts';
import { useRange } from '../../ui/range.ts';
import { RichText } from '../../ui/rich.tsx';
import { Empty, Section } from '../../ui/section.tsx';
import { StateMark } from '../../ui/state-mark.tsx';
import { Verdict } from '../../ui/verdict.tsx';
import { BatchList } from '../batch/batch-list.tsx';
import { jobsQuery } from '../batch/queries.ts';
import { compareWorstFirst, isProblem } from '../consumer-groups/health.ts';
import { GroupTable } from '../consumer-groups/group-table.tsx';
import { LagChart } from '../consumer-groups/lag-chart.tsx';
import { groupFacts } from '../consumer-groups/use-group-facts.ts';
import { EventList } from '../events/event-list.tsx';
import { chartAnnotations } from '../events/annotations.ts';
import { systemQuery } from '../system/queries.ts';
import { OverviewFigures } from './overview-figures.tsx';
import {
  calmVerdict,
  namedProblems,
  overviewProblems,
  type Problem,
  type ProblemKind,
  type Target,
} from './overview-verdict.ts';
import { readGroupCommand } from '../system/commands.ts';

const groupsInTable = 12;
const groupsInCharts = 24;
const chartHeight = 204;

/** Is anything wrong, since when, and what to do? */
export function Overview() {
  const frame = useFrame()!;
  const problems = useProblems(frame);
  const groups = frame.groups.toSorted(compareWorstFirst);
  const { named, counted } = namedProblems(problems);
  const [first, ...others] = named;
  return (
    <>
      <Verdict
        verdict={first?.verdict ?? calmVerdict(frame)}
        actions={first?.target && <OpenTarget target={first.target} />}
      />
      {others.map((problem, index) => (
        <ProblemRow key={index} problem={problem} />
      ))}
      {counted.length > 0 && <MoreProblems counted={counted} />}
      <OverviewFigures frame={frame} />
      <Charts groups={groups} />
      <div className="split">
        <Section
          title="Consumer groups"
          hint={worstFirst(groupsInTable, groups.length)}
          aside={<Link to="/ui/consumer-groups">All {frame.totals.groups}</Link>}
        >
          {groups.length > 0 ? (
            <GroupTable groups={groups.slice(0, groupsInTable)} />
          ) : (
            <NoGroups topic={frame.topics[0]?.name} />
          )}
        </Section>
        <aside className="stack" aria-label="Batch jobs and changes">
          <BatchList />
          <Section title="Events" aside={<Link to="/ui/events">All events</Link>}>
            <EventList limit={8} />
          </Section>
        </aside>
      </div>
    </>
  );
}

function useProblems(frame: LiveFrame): Problem[] {
  const events = useLive((state) => state.events);
  const { data: jobs } = useQuery(jobsQuery);
  return useMemo(() => {
    const failedRuns = (jobs ?? []).flatMap((job) => {
      const last = job.runs.find((run) => run.finishedAt !== null);
      return last?.state === 'FAILED' ? [last] : [];
    });
    return overviewProblems({
      frame,
      groups: frame.groups.map((group) => groupFacts(group, frame, events)),
      failedRuns,
    });
  }, [frame, events, jobs]);
}

function ProblemRow({ problem }: { problem: Problem }) {
  return (
    <div className="problem">
      <StateMark look={problem.verdict.look} word={problem.verdict.word} />
      <span>
        <RichText text={problem.verdict.sentence} />
      </span>
      {problem.target && <OpenTarget target={problem.target} small />}
    </div>
  );
}

/** How many more there are, by kind, each kind a link to its list, which begins with the worst. */
function MoreProblems({ counted }: { counted: readonly ProblemKind[] }) {
  const sum = counted.reduce((total, { count }) => total + count, 0);
  return (
    <div className="problem">
      <b>{formatPlural(sum, 'more problem')}</b>
      <span className="links">
        {counted.map(({ kind, count }) => (
          <Link key={kind} to={lists[kind].to}>
            {formatPlural(count, lists[kind].one)}
          </Link>
        ))}
      </span>
    </div>
  );
}

const lists = {
  group: { to: '/ui/consumer-groups', one: 'consumer group' },
  job: { to: '/ui/batch-jobs', one: 'batch job' },
  pipeline: { to: '/ui/pipelines', one: 'pipeline' },
} as const;

function OpenTarget({ target, small }: { target: Target; small?: boolean }) {
  const className = small ? 'btn btn-small' : 'btn';
  switch (target.kind) {
    case 'group':
      return (
        <Link
          className={className}
          to="/ui/consumer-groups/$groupId"
          params={{ groupId: target.groupId }}
        >
          Open group
        </Link>
      );
    case 'job':
      return (
        <Link
          className={className}
          to="/ui/batch-jobs/$name"
          params={{ name: target.job }}
          search={target.run ? { run: target.run } : {}}
        >
          Open run
        </Link>
      );
    case 'pipeline':
      return (
        <Link className={className} to="/ui/pipelines/$name" params={{ name: target.name }}>
          Open pipeline
        </Link>
      );
  }
}

/** What a list of the worst shows of all: what is left out is never without a count. */
function worstFirst(shown: number, all: number): string {
  return all > shown ? `the ${shown} worst of ${all}` : 'worst first';
}

/** With a problem the first chart opens on the group that has it, else on all. */
function Charts({ groups }: { groups: LiveFrame['groups'] }) {
  const range = useRange();
  const events = useLive((state) => state.events);
  const subject = groups.find((group) => isProblem(group.health))?.groupId;
  const [wantsAll, setWantsAll] = useState(false);
  const one = subject !== undefined && !wantsAll ? subject : null;
  const drawn = groups.slice(0, groupsInCharts);
  const subjects = one ? [one] : drawn.map((group) => group.groupId);
  const left = groups.length > drawn.length ? `, ${worstFirst(groupsInCharts, groups.length)}` : '';
  const annotations = useMemo(() => chartAnnotations(events, one ? [one] : null), [events, one]);
  return (
    <div className="row-2">
      <Section
        title="Arriving and consumed"
        hint={`records/s${one ? '' : left}`}
        aside={
          <div className="switch">
            {subject !== undefined && (
              <button type="button" aria-pressed={one !== null} onClick={() => setWantsAll(false)}>
                {subject}
              </button>
            )}
            {groups.length > 0 && (
              <button type="button" aria-pressed={one === null} onClick={() => setWantsAll(true)}>
                {left === '' ? 'All groups' : `${groupsInCharts} groups`}
              </button>
            )}
          </div>
        }
      >
        <GapChart
          arriving={
            subjects.length > 0
              ? subjects.map((id) => ({ kind: 'GROUP', subject: id, metric: 'IN' }))
              : [{ kind: 'TOTAL', subject: '*', metric: 'IN' }]
          }
          consumed={subjects.map((id) => ({ kind: 'GROUP', subject: id, metric: 'OUT' }))}
          rangeSeconds={range.seconds}
          height={chartHeight}
          annotations={annotations}
          emptyText="begins with the first record"
        />
      </Section>
      <Section title="Lag" hint={`records not yet committed, by group${left}`}>
        <LagChart
          groups={drawn}
          rangeSeconds={range.seconds}
          height={chartHeight}
          annotations={annotations}
        />
      </Section>
    </div>
  );
}

function NoGroups({ topic }: { topic: string | undefined }) {
  const { data: system } = useQuery(systemQuery);
  if (!system) return null;
  return (
    <Empty
      title="Nobody reads in a consumer group yet."
      text="Lag, members and rates appear with the first committed offset."
      command={readGroupCommand(system.bootstrapServers, topic ?? 'real-time-topic')}
    />
  );
}
