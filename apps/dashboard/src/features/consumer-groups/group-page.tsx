import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useFrame, useLive } from '../../live/use-live.ts';
import type { LiveFrame, LiveGroup } from '../../live/live-store.ts';
import { Figure, FigureStrip } from '../../ui/figure.tsx';
import {
  formatAbout,
  formatChange,
  formatExact,
  formatRate,
  formatRateValue,
} from '../../ui/numbers.ts';
import { Section, SectionError, SkeletonRows } from '../../ui/section.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { Verdict } from '../../ui/verdict.tsx';
import { SubjectEvents } from '../events/event-list.tsx';
import { useEvents } from '../events/use-events.ts';
import { GroupCharts } from './group-charts.tsx';
import { groupVerdict, timeToDrainMs, type GroupFacts } from './group-verdict.ts';
import { groupFacts } from './use-group-facts.ts';
import { isSteady, lagChangePerMinute } from './lag-chart.tsx';
import { MemberList, memberNumbers } from './member-list.tsx';
import { PartitionTable } from './partition-table.tsx';
import { currentPartitions, groupQuery, type Group } from './queries.ts';

const route = getRouteApi('/ui/consumer-groups/$groupId');

/** Why is it behind, who, and where? */
export function GroupPage({ groupId }: { groupId: string }) {
  const query = useQuery(groupQuery(groupId));
  const frame = useFrame();
  const live = frame?.groups.find((group) => group.groupId === groupId);
  if (query.error && !query.data) {
    return (
      <Section title={groupId}>
        <SectionError what="The group" error={query.error} retry={() => void query.refetch()} />
      </Section>
    );
  }
  if (query.data === null) return <MissingGroup groupId={groupId} />;
  if (!query.data || !frame) {
    return (
      <Section title={groupId}>
        <SkeletonRows rows={10} columns={6} />
      </Section>
    );
  }
  return <KnownGroup group={query.data} live={live ?? asLive(query.data)} frame={frame} />;
}

/** The fetched group, shown until a frame names the group. */
function asLive(group: Group): LiveGroup {
  return { ...group, members: group.members.length };
}

function MissingGroup({ groupId }: { groupId: string }) {
  return (
    <div className="verdict">
      <div>
        <h1>
          There is no consumer group <b>{groupId}</b>.
        </h1>
        <p className="lead">
          It was deleted, or nobody has joined it yet.{' '}
          <Link to="/ui/consumer-groups">All consumer groups</Link>
        </p>
      </div>
    </div>
  );
}

function KnownGroup({ group, live, frame }: { group: Group; live: LiveGroup; frame: LiveFrame }) {
  const { tab = 'partitions' } = route.useSearch();
  const navigate = route.useNavigate();
  const events = useLive((state) => state.events);
  const facts = groupFacts(live, frame, events);
  const partitions = currentPartitions(group, live);
  const numbers = memberNumbers(group.members);
  const { count } = useEvents(group.groupId);
  return (
    <>
      <Verdict
        verdict={groupVerdict(facts)}
        actions={
          group.pipeline !== null && (
            <Link className="btn" to="/ui/pipelines/$name" params={{ name: group.pipeline }}>
              Open pipeline
            </Link>
          )
        }
      />
      <GroupFigures facts={facts} group={group} partitions={partitions.length} />
      <GroupCharts groupId={group.groupId} health={live.health} />
      <Tabs
        label="Parts of the group"
        chosen={tab}
        onChoose={(key) =>
          void navigate({
            search: (before) => ({ ...before, tab: key }),
            replace: true,
            resetScroll: false,
          })
        }
        items={[
          { key: 'partitions', label: 'Partitions', note: partitions.length },
          { key: 'events', label: 'Events', ...(count === null ? {} : { note: count }) },
        ]}
        end={`${group.state}, coordinator ${group.coordinator ?? '—'}`}
      />
      <div className="split">
        {tab === 'events' ? (
          <Section title="Events" hint="of this group, newest first">
            <SubjectEvents subject={group.groupId} />
          </Section>
        ) : (
          <PartitionTable partitions={partitions} numbers={numbers} health={live.health} />
        )}
        <aside className="stack" aria-label="Members">
          <MemberList group={group} partitions={partitions} numbers={numbers} />
        </aside>
      </div>
    </>
  );
}

function GroupFigures(props: { facts: GroupFacts; group: Group; partitions: number }) {
  const { facts, group, partitions } = props;
  const { arriving, consumed, lag } = facts;
  const net = arriving === null || consumed === null ? null : arriving - consumed;
  const perMinute = lagChangePerMinute(group.groupId);
  return (
    <FigureStrip label="Figures">
      <Figure
        label="Lag"
        value={formatExact(lag)}
        unit="records"
        note={<LagNote lag={lag} perMinute={perMinute} rate={consumed} />}
        hint="Log end minus committed offset, summed over all partitions"
        metric="lag"
        exact={lag}
      />
      <Figure
        label="Arriving − consumed"
        value={
          net === null ? '—' : formatRateValue(Math.abs(net) < 0.05 ? 0 : net).replace('-', '−')
        }
        unit="/s"
        note={`${formatRate(arriving)} − ${formatRate(consumed)}, 30 s mean`}
        hint="Growth of the log ends minus growth of the committed offsets"
      />
      <DrainFigure facts={facts} net={net} />
      <Figure
        label="Members"
        value={String(facts.members)}
        note={`up to ${partitions} useful`}
        hint="Members of the group now; more than it has partitions stand idle"
        metric="members"
        exact={facts.members}
      />
      <Figure
        label="Reads"
        value={String(facts.topics.length)}
        unit={facts.topics.length === 1 ? 'topic' : 'topics'}
        note={facts.topics.join(', ') || 'no topic yet'}
      />
    </FigureStrip>
  );
}

function LagNote(props: { lag: number | null; perMinute: number | null; rate: number | null }) {
  const { lag, perMinute, rate } = props;
  if (lag === null) return 'no offset committed yet';
  if (perMinute === null) return 'change needs a minute of data';
  if (isSteady(perMinute, lag, rate)) return 'steady';
  return (
    <>
      <b className={perMinute > 0 ? 'tone-behind' : 'tone-catch'}>{formatChange(perMinute)}</b> in
      the last minute
    </>
  );
}

function DrainFigure({ facts, net }: { facts: GroupFacts; net: number | null }) {
  const { lag } = facts;
  const drainMs = timeToDrainMs(facts);
  const hint = 'Lag over the net rate of the last 30 s';
  if (lag === null || net === null) {
    return <Figure label="Drains" value="—" note="needs rates" hint={hint} />;
  }
  if (lag === 0) return <Figure label="Drains" value="drained" note="nothing waits" hint={hint} />;
  if (drainMs !== null) {
    const text = drainMs < 5_000 ? '< 5\u00a0s' : formatAbout(drainMs).replace('about ', '');
    return (
      <Figure label="Drains in" value={text} note="at the rate of the last 30 s" hint={hint} />
    );
  }
  const isGrowing = net > Math.max(0.02 * (facts.arriving ?? 0), 0.05);
  return isGrowing ? (
    <Figure
      label="Drains"
      value="never"
      note={
        <>
          <b className="tone-behind">growing</b> at this rate
        </>
      }
      hint={hint}
    />
  ) : (
    <Figure label="Drains" value="steady" note="as much arrives as is consumed" hint={hint} />
  );
}
