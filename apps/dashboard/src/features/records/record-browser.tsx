import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { serverAddress } from '../../graphql/address.ts';
import { formatExact, formatPlural } from '../../ui/numbers.ts';
import { Empty, NothingMatches, SectionError, SkeletonRows } from '../../ui/section.tsx';
import { formatMoment } from '../../ui/time.ts';
import { sendCommand } from '../system/commands.ts';
import type { BrowsedTopic } from './browsed-topic.ts';
import { OpenRecord } from './open-record.tsx';
import { PartitionList } from './partition-list.tsx';
import { usePartitionRates } from './partition-rates.ts';
import { RecordControls } from './record-controls.tsx';
import {
  pageSize,
  recordsQuery,
  useChangeSearch,
  useRecordSearch,
  type Mode,
  type RecordSearch,
} from './record-search.ts';
import { RecordTable } from './record-table.tsx';
import { recordId, useTail, type RecordRow, type Tail } from './tail.ts';
import './records.css';

interface Listing {
  topic: BrowsedTopic;
  search: RecordSearch;
  onChoose: (record: RecordRow) => void;
}

/**
 * Partitions as a filter on the left; records live or by position on the right, one of them whole.
 */
export function RecordBrowser({ topic, updatedAt }: { topic: BrowsedTopic; updatedAt: number }) {
  const search = useRecordSearch();
  const change = useChangeSearch();
  const rates = usePartitionRates(topic, updatedAt);
  const [isHeld, setHeld] = useState(false);
  // Rows do not move under the pointer: pointing at them holds them too.
  const [isPointed, setPointed] = useState(false);
  // A record stays open when newer ones push it out of the list.
  const [opened, setOpened] = useState<RecordRow | null>(null);
  const tail = useTail({
    topic: topic.name,
    partition: search.partition,
    isOn: search.mode === 'live',
    isHeld: isHeld || isPointed,
  });
  const listing: Listing = {
    topic,
    search,
    onChoose: (record) => {
      setOpened(record);
      change({ record: recordId(record) });
    },
  };
  return (
    <div className="records-split">
      <PartitionList
        topic={topic}
        rates={rates}
        chosen={search.mode === 'offset' ? (search.partition ?? 0) : search.partition}
        onChoose={(partition) => change({ partition, record: undefined })}
      />
      <div className="records">
        <RecordControls search={search} isHeld={isHeld} onHold={() => setHeld(!isHeld)} />
        {search.mode === 'live' ? (
          <div
            className="live-records"
            onPointerOver={(event) => setPointed(isOnRows(event.target))}
            onPointerLeave={() => setPointed(false)}
          >
            <LiveRecords
              {...listing}
              tail={tail}
              hold={isHeld ? 'button' : isPointed ? 'pointer' : null}
            />
          </div>
        ) : (
          <FoundRecords {...listing} />
        )}
        {search.record !== undefined && (
          <OpenRecord topic={topic} id={search.record} known={opened} />
        )}
      </div>
    </div>
  );
}

function isOnRows(target: EventTarget): boolean {
  return target instanceof Element && target.closest('.record-scroll') !== null;
}

function LiveRecords(
  props: Listing & {
    tail: Tail;
    /** What keeps the rows as they are. */
    hold: 'button' | 'pointer' | null;
  },
) {
  const { topic, search, tail, hold } = props;
  const change = useChangeSearch();
  const shown = search.contains
    ? tail.records.filter((record) => includes(record, search.contains))
    : tail.records;
  const whileWhat = hold === 'pointer' ? ' while you point at it' : '';
  const where = search.partition === undefined ? '' : ` in partition ${search.partition}`;
  return (
    <>
      <p className="record-note" role="status">
        {tail.error ??
          (hold
            ? `Held${whileWhat}; ${formatExact(tail.held)} more came since.`
            : `New records appear as they arrive${where}.`)}{' '}
        {tail.skipped > 0 &&
          `${formatExact(tail.skipped)} were left out to keep the rate readable.`}
      </p>
      {shown.length > 0 && <RecordRows {...props} records={shown} />}
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

function FoundRecords(props: Listing) {
  const { topic, search } = props;
  const change = useChangeSearch();
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
        {formatPlural(records.length, 'record')}, {positionWords(search)}
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
              Next {pageSize}
            </button>
          </>
        )}
      </p>
      {records.length > 0 && <RecordRows {...props} records={records} />}
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

/** Where the records shown begin, also where the URL leaves it open. */
function positionWords({ mode, partition, offset, at }: RecordSearch): string {
  if (mode === 'offset') return `from offset ${formatExact(offset ?? 0)} on in p${partition ?? 0}`;
  const where = partition === undefined ? '' : ` in p${partition}`;
  if (mode === 'time') {
    return `created since ${at === undefined ? '15 minutes ago' : formatMoment(at)}${where}`;
  }
  return `the ${mode}${where}`;
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

function RecordRows({
  topic,
  search,
  onChoose,
  records,
}: Listing & { records: readonly RecordRow[] }) {
  return (
    <RecordTable
      records={records}
      withPartition={search.partition === undefined && topic.partitionCount > 1}
      chosen={search.record}
      onChoose={onChoose}
    />
  );
}
