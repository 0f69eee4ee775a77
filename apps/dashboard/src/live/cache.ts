import type { QueryClient } from '@tanstack/react-query';
import {
  EventsDocument,
  type EventKind,
  type EventRowFragment,
  type SeriesMetric,
} from '../generated/graphql.ts';
import { request } from '../graphql/request.ts';
import { requestHistory } from './history.ts';
import type { LiveFrame, LiveStore } from './live-store.ts';
import type { SeriesKey } from './series.ts';

/** Query keys whose answers an event makes stale; the pages that show them fetch again at once. */
function staleAfter(kind: EventKind): readonly string[] {
  switch (kind) {
    case 'TOPIC_CREATED':
    case 'TOPIC_DELETED':
      return ['topics', 'topic'];
    case 'GROUP_REBALANCED':
    case 'GROUP_EMPTIED':
      return ['group', 'topic'];
    case 'PIPELINES_RELOADED':
    case 'PIPELINES_REFUSED':
      return ['pipelines', 'pipelines-problem', 'jobs'];
    case 'PROCESSOR_STARTED':
    case 'PROCESSOR_PAUSED':
    case 'PROCESSOR_RESUMED':
    case 'PROCESSOR_FAILED':
    case 'PROCESSOR_STARTED_OVER':
    case 'PROCESSOR_STATE_KEPT':
    case 'RECORD_DEAD_LETTERED':
      return ['pipelines'];
    case 'RUN_CREATED':
    case 'RUN_STARTED':
    case 'RUN_RETRIED':
    case 'RUN_SUCCEEDED':
    case 'RUN_FAILED':
    case 'RUN_CANCELLED':
    case 'RUN_PROGRESS':
    case 'RUN_LATE':
    case 'RUN_RECORDS_LOST':
    case 'RUN_WINDOW_CHANGED':
    case 'TICK_SKIPPED':
    case 'SCHEDULE_PAUSED':
    case 'SCHEDULE_RESUMED':
    case 'BACKFILL_CHANGED':
      return ['jobs', 'pipelines'];
    case 'PROCESS_STARTED':
    case 'PROCESS_EXITED':
    case 'REDIS_CONNECTED':
    case 'REDIS_LOST':
    case 'BROKER_CONNECTED':
    case 'BROKER_LOST':
      return ['system', 'jobs', 'pipelines'];
    case 'CLOCK_WENT_BACK':
    case 'CLOCK_WENT_FORWARD':
      return ['history', 'jobs', 'pipelines'];
  }
}

/**
 * Ties the query cache to the stream: events and changes of the live frame make cached answers old,
 * a reconnection makes all of them old.
 */
export function connectCache(store: LiveStore, client: QueryClient): void {
  const refresh = (key: string) => void client.invalidateQueries({ queryKey: [key] });
  let prefilledEpoch = '';
  store.onRefetch = () => {
    prefilledEpoch = '';
    void client.invalidateQueries();
    void loadEvents(store);
  };
  store.onEvent((event) => staleAfter(event.kind).forEach(refresh));
  let topics = '';
  let groups = '';
  let runs = '';
  store.subscribe(() => {
    const { frame } = store.getState();
    if (!frame) return;
    if (prefilledEpoch !== frame.epoch) {
      prefilledEpoch = frame.epoch;
      void prefill(store, frame);
    }
    const nextTopics = frame.topics.map((topic) => topic.name).join('\n');
    const nextGroups = frame.groups.map((g) => `${g.groupId} ${g.state} ${g.members}`).join('\n');
    const nextRuns = frame.runs.map((run) => `${run.id} ${run.state} ${run.attempt}`).join('\n');
    if (topics !== nextTopics && topics !== '') refresh('topics');
    if (groups !== nextGroups && groups !== '') refresh('group');
    if (runs !== nextRuns) refresh('jobs');
    topics = nextTopics;
    groups = nextGroups;
    runs = nextRuns;
  });
  void loadEvents(store);
}

const prefillMs = 900_000;
const prefillGroupsMax = 24;
const prefillTopicsMax = 48;
const metrics: readonly SeriesMetric[] = ['IN', 'OUT', 'LAG'];

/** The last 15 minutes of the totals and of the groups, once per boot of the server. */
async function prefill(store: LiveStore, frame: LiveFrame): Promise<void> {
  const subjects: Omit<SeriesKey, 'metric'>[] = [
    { kind: 'TOTAL', subject: '*' },
    ...frame.groups
      .slice(0, prefillGroupsMax)
      .map(({ groupId }) => ({ kind: 'GROUP' as const, subject: groupId })),
  ];
  const series: SeriesKey[] = subjects.flatMap((subject) =>
    metrics.map((metric) => ({ ...subject, metric })),
  );
  for (const topic of frame.topics.slice(0, prefillTopicsMax)) {
    series.push({ kind: 'TOPIC', subject: topic.name, metric: 'IN' });
  }
  const input = { series, from: frame.at - prefillMs, to: frame.at, maxPoints: 450 };
  try {
    store.prefill((await requestHistory(input)).series);
  } catch {
    // Without the past the page begins with the present; the charts report what failed.
  }
}

/**
 * Fetches the newest events until it succeeds once, then lets the subscription go on from there.
 */
async function loadEvents(store: LiveStore, waitMs = 500): Promise<void> {
  try {
    const { events } = await request(EventsDocument, { first: 100, after: null, subject: null });
    store.startEvents(events.nodes as readonly EventRowFragment[]);
  } catch {
    // The server is not there yet; the page says so by the live control, and this tries again.
    setTimeout(() => void loadEvents(store, Math.min(waitMs * 2, 10_000)), waitMs);
  }
}
