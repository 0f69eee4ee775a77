import { getRouteApi } from '@tanstack/react-router';
import { queryOptions } from '@tanstack/react-query';
import { useCallback } from 'react';
import { RecordsDocument, type RecordsInput } from '../../generated/graphql.ts';
import { request } from '../../graphql/request.ts';

export type Mode = 'live' | 'newest' | 'oldest' | 'offset' | 'time';

export const modes: readonly { key: Mode; label: string }[] = [
  { key: 'live', label: 'Live' },
  { key: 'newest', label: 'Newest' },
  { key: 'oldest', label: 'Oldest' },
  { key: 'offset', label: 'Offset' },
  { key: 'time', label: 'Time' },
];
export const pageSize = 50;
/** Where reading by time begins when the URL names none. */
const recentMs = 900_000;
const route = getRouteApi('/ui/topics/$name');

/** Which records the URL asks for, and which of them is open. */
export interface RecordSearch {
  mode: Mode;
  partition: number | undefined;
  offset: number | undefined;
  at: number | undefined;
  contains: string;
  record: string | undefined;
}

export function useRecordSearch(): RecordSearch {
  const search = route.useSearch();
  const mode = modes.find((candidate) => candidate.key === search.mode)?.key ?? 'live';
  const { partition, offset, at, contains = '', record } = search;
  return { mode, partition, offset, at, contains, record };
}

/** Changes a part of the search; the page stays where it is scrolled to. */
export function useChangeSearch(): (values: Partial<RecordSearch>) => void {
  const navigate = route.useNavigate();
  return useCallback(
    (values) =>
      void navigate({
        search: (before) =>
          Object.fromEntries(
            Object.entries({ ...before, ...values }).filter(
              ([, value]) => value !== undefined && value !== '',
            ),
          ),
        replace: true,
        resetScroll: false,
      }),
    [navigate],
  );
}

function recordsInput(topic: string, search: RecordSearch): RecordsInput {
  const { mode, partition, offset, at, contains } = search;
  const base: RecordsInput = {
    topic,
    partition: partition ?? null,
    limit: pageSize,
    contains: contains || null,
  };
  if (mode === 'offset') return { ...base, partition: partition ?? 0, offset: offset ?? 0 };
  if (mode === 'time') return { ...base, timestamp: at ?? Date.now() - recentMs };
  return { ...base, from: mode === 'oldest' ? 'OLDEST' : 'NEWEST' };
}

export function recordsQuery(topic: string, search: RecordSearch) {
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

/** Partition and offset of a record as the URL names it, `7-1000`; null when it names none. */
export function parseRecordId(id: string): { partition: number; offset: number } | null {
  const parts = /^(\d+)-(\d+)$/.exec(id);
  return parts && { partition: Number(parts[1]), offset: Number(parts[2]) };
}

/** The one record at an offset; null when the log does not hold it. */
export function recordQuery(topic: string, at: { partition: number; offset: number }) {
  return queryOptions({
    queryKey: ['record', topic, at],
    queryFn: async ({ signal }) => {
      const input: RecordsInput = { topic, ...at, limit: 1 };
      const { records: page } = await request(RecordsDocument, { input }, signal);
      if (page.__typename !== 'RecordPage') throw new Error(page.message);
      return page.records.find((record) => record.offset === at.offset) ?? null;
    },
  });
}
