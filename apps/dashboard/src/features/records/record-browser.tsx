import { IconAntennaBars5, IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useCallback, useState } from 'react';
import { RecordsDocument, type RecordsInput } from '../../generated/graphql.ts';
import { serverAddress } from '../../graphql/address.ts';
import { request } from '../../graphql/request.ts';
import { FilterInput } from '../../ui/filter-input.tsx';
import { formatExact } from '../../ui/numbers.ts';
import { Empty, NothingMatches, SectionError, SkeletonRows } from '../../ui/section.tsx';
import { sendCommand } from '../system/commands.ts';
import type { BrowsedTopic } from './browsed-topic.ts';
import { parseMoment } from '../../ui/moment.ts';
import { PartitionList } from './partition-list.tsx';
import { usePartitionRates } from './partition-rates.ts';
import { RecordTable } from './record-table.tsx';
import { RecordView } from './record-view.tsx';
import { recordId, useTail, type RecordRow, type Tail } from './tail.ts';
import './records.css';

type Mode = 'live' | 'newest' | 'oldest' | 'offset' | 'time';

const modes: readonly { key: Mode; label: string }[] = [
  { key: 'live', label: 'Live' },
  { key: 'newest', label: 'Newest' },
  { key: 'oldest', label: 'Oldest' },
  { key: 'offset', label: 'Offset' },
  { key: 'time', label: 'Time' },
];
const limit = 50;
const route = getRouteApi('/ui/topics/$name');

interface RecordSearch {
  mode: Mode;
  partition: number | undefined;
  offset: number | undefined;
  at: number | undefined;
  contains: string;
  record: string | undefined;
}

/** Partitions as a filter on the left; records live or by position on the right, one of them whole. */
export function RecordBrowser({ topic, updatedAt }: { topic: BrowsedTopic; updatedAt: number }) {
  const search = useRecordSearch();
  const change = useChange();
  const rates = usePartitionRates(topic, updatedAt);
  const [isHeld, setHeld] = useState(false);
  // Rows do not move under the pointer: pointing at them holds them too.
  const [isPointed, setPointed] = useState(false);
  const tail = useTail({
    topic: topic.name,
    partition: search.partition,
    isOn: search.mode === 'live',
    isHeld: isHeld || isPointed,
  });
  return (
    <div className="records-split">
      <PartitionList
        topic={topic}
        rates={rates}
        chosen={search.partition}
        onChoose={(partition) => change({ partition, record: undefined })}
      />
      <div className="records">
        <Controls search={search} isHeld={isHeld} onHold={() => setHeld(!isHeld)} />
        {search.mode === 'live' ? (
          <div
            className="live-records"
            onPointerOver={(event) => setPointed(isOnRows(event.target))}
            onPointerLeave={() => setPointed(false)}
          >
            <LiveRecords
              topic={topic}
              search={search}
              tail={tail}
              hold={isHeld ? 'button' : isPointed ? 'pointer' : null}
            />
          </div>
        ) : (
          <FoundRecords topic={topic} search={search} />
        )}
      </div>
    </div>
  );
}

function isOnRows(target: EventTarget): boolean {
  return target instanceof Element && target.closest('.record-scroll') !== null;
}

function useRecordSearch(): RecordSearch {
  const search = route.useSearch();
  const mode = modes.find((candidate) => candidate.key === search.mode)?.key ?? 'live';
  const { partition, offset, at, contains = '', record } = search;
  return { mode, partition, offset, at, contains, record };
}

function useChange() {
  const navigate = route.useNavigate();
  return useCallback(
    (values: Partial<RecordSearch>) =>
      void navigate({
        search: (before) =>
          Object.fromEntries(
            Object.entries({ ...before, ...values }).filter(
              ([, value]) => value !== undefined && value !== '',
            ),
          ),
        replace: true,
      }),
    [navigate],
  );
}

function Controls(props: { search: RecordSearch; isHeld: boolean; onHold: () => void }) {
  const { search, isHeld, onHold } = props;
  const change = useChange();
  const setContains = useCallback((contains: string) => change({ contains }), [change]);
  const HoldIcon = isHeld ? IconPlayerPlay : IconPlayerPause;
  return (
    <div className="record-controls">
      <div className="segments" role="group" aria-label="Where to read">
        {modes.map(({ key, label }) => (
          <button
            key={key}
            type="button"
            aria-pressed={search.mode === key}
            onClick={() => change({ mode: key, record: undefined })}
          >
            {key === 'live' && <IconAntennaBars5 size={14} aria-hidden="true" />}
            {label}
          </button>
        ))}
      </div>
      {search.mode === 'offset' && <OffsetInput search={search} />}
      {search.mode === 'time' && <TimeInput search={search} />}
      <FilterInput
        label="Key or value contains"
        value={search.contains}
        onChange={setContains}
        width={200}
      />
      {search.mode === 'live' && (
        <button
          type="button"
          className="btn btn-small hold"
          aria-pressed={isHeld}
          data-key="h"
          aria-keyshortcuts="h"
          onClick={onHold}
        >
          <HoldIcon size={14} stroke={1.75} aria-hidden="true" />
          {isHeld ? 'Go on' : 'Hold'}
        </button>
      )}
    </div>
  );
}

function OffsetInput({ search }: { search: RecordSearch }) {
  const change = useChange();
  return (
    <label className="input" style={{ width: 150 }}>
      <span className="small">from</span>
      <input
        key={search.offset}
        inputMode="numeric"
        aria-label="First offset"
        placeholder={search.partition === undefined ? 'choose a partition' : 'offset'}
        defaultValue={search.offset}
        onKeyDown={(event) => {
          if (event.key === 'Enter') event.currentTarget.blur();
        }}
        onBlur={(event) => {
          const offset = Number(event.currentTarget.value.replaceAll(/[\s,.]/g, ''));
          if (event.currentTarget.value !== '' && Number.isSafeInteger(offset)) {
            change({ offset, partition: search.partition ?? 0 });
          }
        }}
      />
    </label>
  );
}

function TimeInput({ search }: { search: RecordSearch }) {
  const change = useChange();
  const [isWrong, setWrong] = useState(false);
  return (
    <label className="input" style={{ width: 220 }} data-wrong={isWrong}>
      <span className="small">since</span>
      <input
        key={search.at}
        aria-label="First time"
        aria-invalid={isWrong}
        placeholder="15m, 2h, or 2026-11-20T14:00Z"
        defaultValue={search.at === undefined ? '' : new Date(search.at).toISOString()}
        onKeyDown={(event) => {
          if (event.key === 'Enter') event.currentTarget.blur();
        }}
        onBlur={(event) => {
          const text = event.currentTarget.value;
          if (text === '') return;
          const at = parseMoment(text, Date.now());
          setWrong(at === null);
          if (at !== null) change({ at });
        }}
      />
    </label>
  );
}

function LiveRecords(props: {
  topic: BrowsedTopic;
  search: RecordSearch;
  tail: Tail;
  /** What keeps the rows as they are. */
  hold: 'button' | 'pointer' | null;
}) {
  const { topic, search, tail, hold } = props;
  const change = useChange();
  const shown = search.contains
    ? tail.records.filter((record) => includes(record, search.contains))
    : tail.records;
  return (
    <>
      <p className="record-note" role="status">
        {tail.error ??
          (hold
            ? `Held${hold === 'pointer' ? ' while you point at it' : ''}; ${formatExact(tail.held)} more came since.`
            : `New records appear as they arrive${search.partition === undefined ? '' : ` in partition ${search.partition}`}.`)}{' '}
        {tail.skipped > 0 &&
          `${formatExact(tail.skipped)} were left out to keep the rate readable.`}
      </p>
      {shown.length > 0 && <Chosen topic={topic} records={shown} search={search} />}
      {shown.length === 0 && tail.records.length > 0 && (
        <NothingMatches
          text={`None of the ${tail.records.length} records that came contains “${search.contains}”.`}
          clear={() => change({ contains: '' })}
        />
      )}
      {tail.records.length === 0 && (
        <Empty
          title="Waiting for the next record."
          text={
            topic.recordCount > 0
              ? 'Nothing has arrived since this page was opened; Newest shows what is stored.'
              : 'The topic is empty. Send it something:'
          }
          command={sendCommand(serverAddress(), topic.name)}
        />
      )}
    </>
  );
}

function includes(record: RecordRow, text: string): boolean {
  return Boolean(record.key?.text?.includes(text) || record.value?.text?.includes(text));
}

function recordsInput(topic: string, search: RecordSearch): RecordsInput {
  const { mode, partition, offset, at, contains } = search;
  const base: RecordsInput = {
    topic,
    partition: partition ?? null,
    limit,
    contains: contains || null,
  };
  if (mode === 'offset') return { ...base, partition: partition ?? 0, offset: offset ?? 0 };
  if (mode === 'time') return { ...base, timestamp: at ?? Date.now() - 900_000 };
  return { ...base, from: mode === 'oldest' ? 'OLDEST' : 'NEWEST' };
}

function recordsQuery(topic: string, search: RecordSearch) {
  const { mode, partition, offset, at, contains } = search;
  return queryOptions({
    queryKey: ['records', topic, mode, partition, offset, at, contains],
    gcTime: 0,
    queryFn: ({ signal }) =>
      request(RecordsDocument, { input: recordsInput(topic, search) }, signal).then(
        (data) => data.records,
      ),
  });
}

function FoundRecords({ topic, search }: { topic: BrowsedTopic; search: RecordSearch }) {
  const change = useChange();
  const { mode, partition, contains } = search;
  const query = useQuery({
    ...recordsQuery(topic.name, search),
    placeholderData: keepPreviousData,
  });
  const { data, error, refetch } = query;
  if (error) return <SectionError what="Records" error={error} retry={() => void refetch()} />;
  if (!data) return <SkeletonRows rows={12} columns={5} />;
  if (data.__typename !== 'RecordPage') {
    return <SectionError what="Records" error={data.message} retry={() => void refetch()} />;
  }
  const records = ordered(data.records, mode);
  // By offset one partition is read, the first when none is chosen; then the page can go on.
  const paged = mode === 'offset' ? (partition ?? 0) : partition;
  const next = paged === undefined ? undefined : data.next.find((p) => p.partition === paged);
  return (
    <>
      <p className="record-note" role="status">
        {formatExact(records.length)} records
        {contains ? `, ${formatExact(data.scanned)} looked at` : ''}.{' '}
        <button type="button" className="link-btn" onClick={() => void refetch()}>
          Read again
        </button>
        {next && records.length > 0 && mode !== 'newest' && (
          <>
            {' · '}
            <button
              type="button"
              className="link-btn"
              onClick={() =>
                change({
                  mode: 'offset',
                  partition: next.partition,
                  offset: next.offset,
                  record: undefined,
                })
              }
            >
              Next {limit}
            </button>
          </>
        )}
      </p>
      {records.length > 0 && <Chosen topic={topic} records={records} search={search} />}
      {records.length === 0 &&
        (contains ? (
          <NothingMatches
            text={`None of the ${formatExact(data.scanned)} records looked at contains “${contains}”.`}
            clear={() => change({ contains: '' })}
          />
        ) : (
          <Empty
            title="There is no record here."
            text={
              topic.recordCount > 0
                ? 'Choose an earlier position.'
                : 'The topic is empty. Send it something:'
            }
            command={sendCommand(serverAddress(), topic.name)}
          />
        ))}
    </>
  );
}

/** Newest first where the newest were asked for, else as the log runs. */
function ordered(records: readonly RecordRow[], mode: Mode): readonly RecordRow[] {
  const sign = mode === 'newest' ? -1 : 1;
  return records.toSorted(
    (a, b) =>
      sign * (a.timestamp - b.timestamp) ||
      sign * (a.partition - b.partition) ||
      sign * (a.offset - b.offset),
  );
}

function Chosen(props: {
  topic: BrowsedTopic;
  records: readonly RecordRow[];
  search: RecordSearch;
}) {
  const { topic, records, search } = props;
  const change = useChange();
  // A record stays open when newer ones push it out of the list.
  const [kept, setKept] = useState<RecordRow | null>(null);
  const chosen =
    records.find((record) => recordId(record) === search.record) ??
    (kept && recordId(kept) === search.record ? kept : undefined);
  return (
    <>
      <RecordTable
        records={records}
        withPartition={search.partition === undefined && topic.partitionCount > 1}
        chosen={search.record}
        onChoose={(record) => {
          setKept(record);
          change({ record: recordId(record) });
        }}
      />
      {chosen && <RecordView record={chosen} onClose={() => change({ record: undefined })} />}
    </>
  );
}
