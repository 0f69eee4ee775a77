import { IconSend, IconTrash } from '@tabler/icons-react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Suspense } from 'react';
import { useLive } from '../../live/use-live.ts';
import { onDemand } from '../../ui/on-demand.tsx';
import { GapChart } from '../../ui/chart/gap-chart.tsx';
import { Figure, FigureStrip } from '../../ui/figure.tsx';
import { formatBytes, formatCount, formatExact, formatRateValue } from '../../ui/numbers.ts';
import { useRange } from '../../ui/range.ts';
import { Section, SectionError, SkeletonRows } from '../../ui/section.tsx';
import { Sparkline } from '../../ui/sparkline.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { Verdict } from '../../ui/verdict.tsx';
import { GroupTable } from '../consumer-groups/group-table.tsx';
import { compareWorstFirst, isProblem } from '../consumer-groups/health.ts';
import { RecordBrowser } from '../records/record-browser.tsx';
import { ConfigTable } from './config-table.tsx';
import { useTopic, type Topic } from './queries.ts';
import { meanSize, topicVerdict } from './topic-verdict.ts';

const ProduceForm = onDemand(() =>
  import('../records/produce-form.tsx').then((module) => module.ProduceForm),
);
const DeleteTopic = onDemand(() =>
  import('./delete-topic.tsx').then((module) => module.DeleteTopic),
);

const route = getRouteApi('/ui/topics/$name');

export function TopicPage({ name }: { name: string }) {
  const query = useTopic(name);
  const { open } = route.useSearch();
  const navigate = route.useNavigate();
  const setOpen = (what: 'produce' | 'delete' | null) =>
    void navigate({
      search: ({ open: _old, ...rest }) => (what ? { ...rest, open: what } : rest),
      resetScroll: false,
    });
  const topic = query.data;
  if (query.error && !topic) {
    return (
      <Section title={name}>
        <SectionError what="The topic" error={query.error} retry={() => void query.refetch()} />
      </Section>
    );
  }
  if (topic === null) return <MissingTopic name={name} />;
  if (!topic) {
    return (
      <Section title={name}>
        <SkeletonRows rows={10} columns={5} />
      </Section>
    );
  }
  return (
    <>
      <TopicHead topic={topic} onOpen={setOpen} />
      <TopicTabs topic={topic} updatedAt={query.dataUpdatedAt} />
      <Suspense>
        {open === 'produce' && <ProduceForm topic={topic} onClose={() => setOpen(null)} />}
        {open === 'delete' && <DeleteTopic topic={topic} onClose={() => setOpen(null)} />}
      </Suspense>
    </>
  );
}

function MissingTopic({ name }: { name: string }) {
  return (
    <div className="verdict">
      <div>
        <h1>
          There is no topic <b>{name}</b>.
        </h1>
        <p className="lead">
          It was deleted, or nothing was sent to it yet. <Link to="/ui/topics">All topics</Link>
        </p>
      </div>
    </div>
  );
}

function TopicHead(props: { topic: Topic; onOpen: (what: 'produce' | 'delete') => void }) {
  const { topic, onOpen } = props;
  const live = useLive((state) => state.frame?.topics.find((other) => other.name === topic.name));
  const groups = useTopicGroups(topic);
  const inPerSecond = live?.inPerSecond ?? null;
  const behind = groups.filter((group) => isProblem(group.health)).length;
  return (
    <>
      <Verdict
        verdict={topicVerdict({ ...topic, inPerSecond, groups })}
        actions={
          <>
            <button type="button" className="btn" onClick={() => onOpen('delete')}>
              <IconTrash size={15} stroke={1.75} aria-hidden="true" /> Delete…
            </button>
            <button type="button" className="btn btn-primary" onClick={() => onOpen('produce')}>
              <IconSend size={16} stroke={1.75} aria-hidden="true" /> Produce…
            </button>
          </>
        }
      />
      <FigureStrip label="Figures">
        <Figure
          label="Arriving"
          value={formatRateValue(inPerSecond)}
          unit="rec/s"
          note={`${formatExact(live?.endOffsetSum)} since its creation`}
          hint="Growth of the log ends of all partitions, mean of the last 10 s"
          spark={
            <Sparkline
              series={{ kind: 'TOPIC', subject: topic.name, metric: 'IN' }}
              color="var(--ink)"
              width={52}
            />
          }
          metric="arriving"
          exact={inPerSecond}
        />
        <Figure
          label="Records kept"
          value={formatCount(topic.recordCount)}
          note={`${formatExact(topic.recordCount)} in ${topic.partitionCount} ${topic.partitionCount === 1 ? 'partition' : 'partitions'}`}
          hint="Log end minus log start, all partitions"
          metric="records-kept"
          exact={topic.recordCount}
        />
        <Figure
          label="On disk"
          value={formatBytes(topic.sizeBytes)}
          note={meanSize(topic.sizeBytes, topic.recordCount)}
          hint="Bytes of the log segments"
        />
        <Figure
          label="Groups"
          value={String(groups.length)}
          unit={groups.length === 1 ? 'reads it' : 'read it'}
          note={groups.length === 0 ? 'none committed an offset yet' : `${behind} behind`}
        />
      </FigureStrip>
    </>
  );
}

/**
 * Groups of the topic with what the last frame says of their health; lag is of all their topics.
 */
function useTopicGroups(topic: Topic) {
  const live = useLive((state) => state.frame?.groups);
  const known = topic.consumerGroups;
  if (!live) return known;
  return live
    .filter((group) => group.topics.includes(topic.name))
    .map((group) => ({
      groupId: group.groupId,
      health: group.health,
      lag: sumKnown(group.partitions.filter((p) => p.topic === topic.name).map((p) => p.lag)),
    }));
}

function sumKnown(values: readonly (number | null)[]): number | null {
  const known = values.filter((value): value is number => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
}

function TopicTabs({ topic, updatedAt }: { topic: Topic; updatedAt: number }) {
  const { tab = 'records' } = route.useSearch();
  const navigate = route.useNavigate();
  const live = useLive((state) => state.frame?.groups);
  const groups = (live ?? [])
    .filter((group) => group.topics.includes(topic.name))
    .toSorted(compareWorstFirst);
  const changed = topic.configs.filter((config) => !config.isDefault).length;
  return (
    <>
      <Tabs
        label="Parts of the topic"
        chosen={tab}
        onChoose={(key) =>
          void navigate({
            search: (before) => ({ ...before, tab: key }),
            replace: true,
            resetScroll: false,
          })
        }
        items={[
          { key: 'records', label: 'Records' },
          { key: 'throughput', label: 'Throughput' },
          { key: 'groups', label: 'Groups', note: groups.length },
          { key: 'config', label: 'Config', note: `${changed} changed` },
        ]}
      />
      {tab === 'records' && <RecordBrowser topic={topic} updatedAt={updatedAt} />}
      {tab === 'throughput' && <Throughput name={topic.name} />}
      {tab === 'groups' && (
        <Section title="Consumer groups" hint="that committed offsets of this topic, worst first">
          {groups.length > 0 ? (
            <GroupTable groups={groups} />
          ) : (
            <p className="quiet">No group has committed an offset of this topic yet.</p>
          )}
        </Section>
      )}
      {tab === 'config' && <ConfigTable configs={topic.configs} />}
    </>
  );
}

function Throughput({ name }: { name: string }) {
  const range = useRange();
  return (
    <Section title="Arriving and consumed" hint="records/s, consumed by all groups together">
      <GapChart
        arriving={[{ kind: 'TOPIC', subject: name, metric: 'IN' }]}
        consumed={[{ kind: 'TOPIC', subject: name, metric: 'OUT' }]}
        rangeSeconds={range.seconds}
        height={300}
        emptyText="begins with the first record"
      />
    </Section>
  );
}
