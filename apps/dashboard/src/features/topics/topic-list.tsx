import { IconPlus } from '@tabler/icons-react';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { Suspense, useCallback, useEffect } from 'react';
import type { TopicsQuery } from '../../generated/graphql.ts';
import { serverAddress } from '../../graphql/address.ts';
import { useFrame, useLive } from '../../live/use-live.ts';
import { onDemand } from '../../ui/on-demand.tsx';
import { FilterInput } from '../../ui/filter-input.tsx';
import {
  formatBytes,
  formatExact,
  formatPlural,
  formatRate,
  formatRateValue,
} from '../../ui/numbers.ts';
import { Empty, NothingMatches, Section, SectionError, SkeletonRows } from '../../ui/section.tsx';
import { openRow } from '../../ui/open-row.ts';
import { Sparkline } from '../../ui/sparkline.tsx';
import { groupLooks } from '../../ui/state-mark.tsx';
import { Verdict, type VerdictText } from '../../ui/verdict.tsx';
import { TableScroll } from '../../ui/table-scroll.tsx';
import { sendCommand } from '../system/commands.ts';
import { topicsPageSize, topicsQuery } from './queries.ts';

const CreateTopic = onDemand(() =>
  import('./create-topic.tsx').then((module) => module.CreateTopic),
);

type TopicRow = TopicsQuery['topics']['nodes'][number];

export function TopicList(props: {
  filter: string;
  internal: boolean;
  /** How many rows to show, if there are as many. */
  rows: number;
  isCreating: boolean;
}) {
  const { filter, internal, rows, isCreating } = props;
  const query = useInfiniteQuery({
    ...topicsQuery({ filter, internal }),
    placeholderData: keepPreviousData,
  });
  const { hasNextPage, isFetching, fetchNextPage } = query;
  const pages = query.data?.pages;
  const nodes = pages?.flatMap((page) => page.nodes) ?? [];
  const isShort = nodes.length < rows && hasNextPage && !isFetching;
  useEffect(() => {
    if (isShort) void fetchNextPage();
  }, [isShort, fetchNextPage]);
  const navigate = useNavigate({ from: '/ui/topics' });
  const setCreating = (on: boolean) =>
    void navigate({
      search: ({ open: _old, ...rest }) => (on ? { ...rest, open: 'create' } : rest),
      resetScroll: false,
    });
  const setFilter = useCallback(
    (text: string) =>
      void navigate({
        search: ({ filter: _old, ...rest }) => (text ? { ...rest, filter: text } : rest),
        replace: true,
        resetScroll: false,
      }),
    [navigate],
  );
  const total = pages?.[0]?.totalCount;
  return (
    <>
      <TopicsVerdict onCreate={() => setCreating(true)} />
      <div className="filters">
        <FilterInput label="Filter by name" value={filter} onChange={setFilter} />
        <label className="soft small check">
          <input
            type="checkbox"
            checked={internal}
            onChange={(event) => {
              const on = event.currentTarget.checked;
              void navigate({
                search: ({ internal: _old, ...rest }) => (on ? { ...rest, internal: true } : rest),
                replace: true,
                resetScroll: false,
              });
            }}
          />
          Internal topics too
        </label>
        {total !== undefined && (
          <span className="end quiet small">{formatPlural(total, 'topic')}</span>
        )}
      </div>
      <Section title="Topics" hint="records kept, and records/s in and out">
        {query.error && (
          <SectionError what="Topics" error={query.error} retry={() => void query.refetch()} />
        )}
        {!pages && !query.error && <SkeletonRows rows={8} columns={6} />}
        {nodes.length > 0 && <TopicTable rows={nodes} />}
        {pages &&
          nodes.length === 0 &&
          (filter ? (
            <NothingMatches text={`No topic matches “${filter}”.`} clear={() => setFilter('')} />
          ) : (
            <Empty
              title="There is no topic yet."
              text="The first record makes its topic. This page fills itself."
              command={sendCommand(serverAddress(), 'real-time-topic')}
            />
          ))}
        {hasNextPage && (
          <button
            type="button"
            className="btn btn-small"
            style={{ marginTop: 12 }}
            disabled={isFetching}
            onClick={() =>
              void navigate({
                search: (before) => ({ ...before, rows: nodes.length + topicsPageSize }),
                replace: true,
                resetScroll: false,
              })
            }
          >
            Show {topicsPageSize} more
          </button>
        )}
      </Section>
      <Suspense>{isCreating && <CreateTopic onClose={() => setCreating(false)} />}</Suspense>
    </>
  );
}

function TopicsVerdict({ onCreate }: { onCreate: () => void }) {
  const frame = useFrame();
  const topics = frame?.topics ?? [];
  const busiest = topics.toSorted((a, b) => (b.inPerSecond ?? 0) - (a.inPerSecond ?? 0))[0];
  const rate = frame?.totals.inPerSecond ?? null;
  const verdict: VerdictText = {
    look: groupLooks.KEEPING_UP,
    word: rate !== null && rate > 0 ? 'Records arrive' : 'Nothing arrives now',
    sentence:
      rate === null || topics.length === 0
        ? [topics.length === 0 ? 'No topic holds records yet.' : 'Topics']
        : [
            `${formatPlural(topics.length, 'topic')} ${topics.length === 1 ? 'takes' : 'take'} ${formatRate(rate)}.`,
          ],
    lead:
      busiest && (busiest.inPerSecond ?? 0) > 0
        ? ['Most goes to ', { b: busiest.name }, `: ${formatRate(busiest.inPerSecond)}.`]
        : ['Nothing was produced in the last seconds.'],
  };
  return (
    <Verdict
      verdict={verdict}
      actions={
        <button type="button" className="btn" onClick={onCreate}>
          <IconPlus size={16} stroke={1.75} aria-hidden="true" /> Create topic…
        </button>
      }
    />
  );
}

function TopicTable({ rows }: { rows: readonly TopicRow[] }) {
  return (
    <TableScroll label="Table of topics">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Topic</th>
            <th scope="col" className="num col-wide">
              Partitions
            </th>
            <th scope="col" className="num">
              Log ends
            </th>
            <th scope="col" className="num col-wide">
              Records kept
            </th>
            <th scope="col" className="num col-wide">
              On disk
            </th>
            <th scope="col" className="num">
              In/s
            </th>
            <th scope="col" className="num col-wide">
              Out/s
            </th>
            <th scope="col" className="col-wide" style={{ width: 84, paddingLeft: 24 }}>
              15 min
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <TopicTableRow key={row.name} row={row} />
          ))}
        </tbody>
      </table>
    </TableScroll>
  );
}

function TopicTableRow({ row }: { row: TopicRow }) {
  const live = useLive((state) => state.frame?.topics.find((topic) => topic.name === row.name));
  return (
    <tr className="row-link" onClick={openRow}>
      <th scope="row">
        <Link to="/ui/topics/$name" params={{ name: row.name }} title={row.name} data-row>
          {row.name}
        </Link>{' '}
        {row.internal && <span className="tag">internal</span>}
      </th>
      <td className="num col-wide">{row.partitionCount}</td>
      <td
        className="num"
        data-live
        data-metric="end"
        data-topic={row.name}
        data-value={live?.endOffsetSum}
        title="Sum of the log end offsets of all partitions"
      >
        {formatExact(live?.endOffsetSum)}
      </td>
      <td className="num col-wide">{formatExact(row.recordCount)}</td>
      <td className="num col-wide">{formatBytes(row.sizeBytes)}</td>
      <td className="num" data-live title="Growth of the log ends, mean of the last 10 s">
        {formatRateValue(live?.inPerSecond)}
      </td>
      <td
        className="num col-wide"
        data-live
        title="Records committed by all groups, mean of the last 10 s"
      >
        {formatRateValue(live?.outPerSecond)}
      </td>
      <td className="col-wide" style={{ paddingLeft: 24 }}>
        <Sparkline series={{ kind: 'TOPIC', subject: row.name, metric: 'IN' }} />
      </td>
    </tr>
  );
}
