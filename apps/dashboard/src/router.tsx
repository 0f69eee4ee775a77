import {
  createRootRoute,
  createRoute,
  createRouter,
  retainSearchParams,
} from '@tanstack/react-router';
import type { ComponentType } from 'react';
import { Frame } from './features/shell/frame.tsx';
import { NotFound } from './features/shell/not-found.tsx';
import { PageBroken, PageNotLoaded } from './features/shell/page-failed.tsx';
import { onDemand } from './ui/on-demand.tsx';
import { basePath } from './graphql/address.ts';
import { isRangeKey, type RangeKey } from './ui/range.ts';

/**
 * Routes. Everything below the frame is loaded when it is needed; `/ui/…` keeps the pages apart
 * from the server's own paths (`/topics/…` belongs to REST producers). The URL holds what is looked
 * at:
 * `range` everywhere, and each page its filter, tab or selection, and what is open over it.
 */
export interface RootSearch {
  range?: RangeKey;
}

type Raw = Record<string, unknown>;

/** A search value as text; the router parses `?filter=12` as a number. */
function text(value: unknown): string | undefined {
  if (typeof value === 'string' && value !== '') return value;
  return typeof value === 'number' ? String(value) : undefined;
}

function whole(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** Leaves absent values out, so that they do not appear in the URL. */
function present<T extends Raw>(values: T): { [Key in keyof T]?: NonNullable<T[Key]> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof T]?: NonNullable<T[Key]> };
}

/** A page, fetched when it is gone to or while the browser is idle. */
const page = (fetchPage: () => Promise<ComponentType>) => onDemand(fetchPage, PageNotLoaded);

const root = createRootRoute({
  component: Frame,
  notFoundComponent: NotFound,
  validateSearch: (raw: Raw): RootSearch =>
    isRangeKey(raw['range']) ? { range: raw['range'] } : {},
  search: { middlewares: [retainSearchParams(['range'])] },
});

const overview = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: page(() => import('./routes/overview.tsx').then((module) => module.OverviewRoute)),
});
const topics = createRoute({
  getParentRoute: () => root,
  path: '/ui/topics',
  validateSearch: (raw: Raw) =>
    present({
      filter: text(raw['filter']),
      internal: raw['internal'] === true || undefined,
      rows: whole(raw['rows']),
      open: text(raw['open']),
    }),
  component: page(() => import('./routes/topics.tsx').then((module) => module.TopicsRoute)),
});
const topic = createRoute({
  getParentRoute: () => root,
  path: '/ui/topics/$name',
  validateSearch: (raw: Raw) =>
    present({
      tab: text(raw['tab']),
      mode: text(raw['mode']),
      partition: whole(raw['partition']),
      offset: whole(raw['offset']),
      at: whole(raw['at']),
      contains: text(raw['contains']),
      record: text(raw['record']),
      open: text(raw['open']),
    }),
  component: page(() => import('./routes/topic.tsx').then((module) => module.TopicRoute)),
});
const groups = createRoute({
  getParentRoute: () => root,
  path: '/ui/consumer-groups',
  validateSearch: (raw: Raw) => present({ filter: text(raw['filter']), state: text(raw['state']) }),
  component: page(() => import('./routes/groups.tsx').then((module) => module.GroupsRoute)),
});
const group = createRoute({
  getParentRoute: () => root,
  path: '/ui/consumer-groups/$groupId',
  validateSearch: (raw: Raw) => present({ tab: text(raw['tab']) }),
  component: page(() => import('./routes/group.tsx').then((module) => module.GroupRoute)),
});
const pipelines = createRoute({
  getParentRoute: () => root,
  path: '/ui/pipelines',
  validateSearch: (raw: Raw) =>
    present({
      filter: text(raw['filter']),
      mode: text(raw['mode']),
      selected: text(raw['selected']),
    }),
  component: page(() => import('./routes/pipelines.tsx').then((module) => module.PipelinesRoute)),
});
const pipeline = createRoute({
  getParentRoute: () => root,
  path: '/ui/pipelines/$name',
  component: page(() => import('./routes/pipeline.tsx').then((module) => module.PipelineRoute)),
});
const jobs = createRoute({
  getParentRoute: () => root,
  path: '/ui/batch-jobs',
  component: page(() => import('./routes/jobs.tsx').then((module) => module.JobsRoute)),
});
const job = createRoute({
  getParentRoute: () => root,
  path: '/ui/batch-jobs/$name',
  validateSearch: (raw: Raw) =>
    present({ run: text(raw['run']), open: text(raw['open']), tab: text(raw['tab']) }),
  component: page(() => import('./routes/job.tsx').then((module) => module.JobRoute)),
});
const events = createRoute({
  getParentRoute: () => root,
  path: '/ui/events',
  validateSearch: (raw: Raw) => present({ subject: text(raw['subject']) }),
  component: page(() => import('./routes/events.tsx').then((module) => module.EventsRoute)),
});

export const router = createRouter({
  basepath: basePath(),
  routeTree: root.addChildren([
    overview,
    topics,
    topic,
    groups,
    group,
    pipelines,
    pipeline,
    jobs,
    job,
    events,
  ]),
  defaultPreload: 'intent',
  defaultErrorComponent: PageBroken,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
