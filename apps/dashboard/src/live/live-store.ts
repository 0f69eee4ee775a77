import { EventTailDocument, LiveDocument } from '../generated/graphql.ts';
import type { EventRowFragment, LiveSubscription } from '../generated/graphql.ts';
import { explainSocketFailure } from '../graphql/reach.ts';
import { Socket } from '../graphql/socket.ts';
import { Ring } from './ring.ts';
import { seriesId, type Samples, type SeriesKey } from './series.ts';

export type LiveFrame = LiveSubscription['live'];
export type LiveGroup = LiveFrame['groups'][number];
export type LiveRun = LiveFrame['runs'][number];
export type Connection = 'connecting' | 'live' | 'stale' | 'reconnecting';

export interface LiveState {
  /** The frame the page shows; stands still while paused. Null before the first. */
  frame: LiveFrame | null;
  connection: Connection;
  /** `performance.now()` when the newest frame came. */
  receivedAt: number;
  /** When the next try to connect begins, ms since the epoch; only while reconnecting. */
  retryAt: number;
  /** Why there is no connection, where the server says so; null while there is one. */
  problem: string | null;
  /** `performance.now()` when the page was paused; null while it runs. */
  pausedAt: number | null;
  /** Newest first, at most 200. */
  events: readonly EventRowFragment[];
}

const staleAfterMs = 3_000;
const hiddenAfterMs = 60_000;
const ringSamples = 960;
const eventsMax = 200;
/**
 * The server is asked why after this many failures to connect; a restart is mostly over by then.
 */
const explainEvery = 4;

/**
 * Everything that arrives by subscription: the frame shown, rings behind the charts, and the
 * events. React reads it through `useSyncExternalStore`; charts read the rings directly. A change
 * of the server's `epoch` drops the rings, and `onRefetch` tells the query cache that its content
 * is old.
 */
export class LiveStore {
  #state: LiveState = {
    frame: null,
    connection: 'connecting',
    receivedAt: 0,
    retryAt: 0,
    problem: null,
    pausedAt: null,
    events: [],
  };
  #newest: LiveFrame | null = null;
  readonly #rings = new Map<string, Ring>();
  readonly #healthSince = new Map<string, { health: string; since: number | null }>();
  readonly #listeners = new Set<() => void>();
  readonly #eventListeners = new Set<(event: EventRowFragment) => void>();
  #staleTimer: ReturnType<typeof setTimeout> | undefined;
  #hiddenTimer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #stopLive: (() => void) | undefined;
  #eventsFrom: string | null = null;
  #socket: Socket | undefined;
  /** Called when what was fetched may be old: after a reconnection or a change of epoch. */
  onRefetch: () => void = () => undefined;
  /** Grows with each `prefill`. */
  historyVersion = 0;

  get socket(): Socket {
    if (!this.#socket) throw new Error('The live store is not started.');
    return this.#socket;
  }

  start(): void {
    this.#socket = new Socket({
      connected: (wasRetry) => {
        this.#failures = 0;
        this.#set({ problem: null });
        if (wasRetry) this.onRefetch();
      },
      closed: (retryAt) => {
        this.#set({ connection: 'reconnecting', retryAt });
        this.#failures += 1;
        if (this.#failures % explainEvery === 0) void this.#explain();
      },
    });
    this.#subscribeLive();
    document.addEventListener('visibilitychange', () => this.#onVisibility());
  }

  /** Begins the events subscription after the events already fetched (newest first). */
  startEvents(known: readonly EventRowFragment[]): void {
    if (this.#eventsFrom !== null) return;
    this.#eventsFrom = known[0]?.id ?? '';
    this.#set({ events: known.slice(0, eventsMax) });
    this.socket.stream(
      EventTailDocument,
      () => ({ after: this.#eventsFrom || null }),
      ({ events: event }) => this.#onEvent(event),
    );
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  getState = (): LiveState => this.#state;

  onEvent(listener: (event: EventRowFragment) => void): () => void {
    this.#eventListeners.add(listener);
    return () => this.#eventListeners.delete(listener);
  }

  /** Newest server time shown; charts end here. Before the first frame, the browser's clock. */
  get shownAt(): number {
    return this.#state.frame?.at ?? Date.now();
  }

  setPaused(paused: boolean): void {
    if (paused === (this.#state.pausedAt !== null)) return;
    if (paused) this.#set({ pausedAt: performance.now() });
    else this.#set({ pausedAt: null, frame: this.#newest });
  }

  window(key: SeriesKey, from: number, to: number): Samples {
    return this.#rings.get(seriesId(key))?.window(from, to) ?? { at: [], value: [] };
  }

  /** Oldest live sample held of a series, ms. */
  oldestAt(key: SeriesKey): number | undefined {
    return this.#rings.get(seriesId(key))?.oldestAt;
  }

  /**
   * Puts past samples in front of what came live, so that sparklines, means and changes are there
   * at the first view. Samples the ring already holds are not repeated.
   */
  prefill(series: readonly (SeriesKey & Samples)[]): void {
    for (const past of series) {
      const id = seriesId(past);
      const live = this.#rings.get(id)?.window(-Infinity, Infinity) ?? { at: [], value: [] };
      const oldest = live.at[0] ?? Infinity;
      const ring = new Ring(ringSamples);
      past.at.forEach((at, index) => {
        if (at < oldest) ring.push(at, past.value[index] ?? null);
      });
      live.at.forEach((at, index) => ring.push(at, live.value[index] ?? null));
      this.#rings.set(id, ring);
    }
    this.historyVersion += 1;
    this.#set({});
  }

  /** Mean over the last 30 s shown, which is what verdicts speak of. */
  mean30(key: SeriesKey): number | null {
    const to = this.shownAt;
    return this.#rings.get(seriesId(key))?.mean(to - 30_000, to) ?? null;
  }

  /** Since when a group has its present health, as seen by this page; null when it began before. */
  healthSince(groupId: string): number | null {
    return this.#healthSince.get(groupId)?.since ?? null;
  }

  async #explain(): Promise<void> {
    const problem = await explainSocketFailure();
    if (this.#state.connection === 'reconnecting') this.#set({ problem });
  }

  #subscribeLive(): void {
    this.#stopLive = this.socket.stream(
      LiveDocument,
      () => ({}),
      ({ live }) => this.#onFrame(live),
    );
  }

  #onFrame(frame: LiveFrame): void {
    const epochChanged = this.#newest !== null && this.#newest.epoch !== frame.epoch;
    if (epochChanged) {
      for (const ring of this.#rings.values()) ring.clear();
      this.#healthSince.clear();
      this.onRefetch();
    }
    this.#newest = frame;
    this.#record(frame);
    clearTimeout(this.#staleTimer);
    this.#staleTimer = setTimeout(() => {
      if (this.#state.connection === 'live') this.#set({ connection: 'stale' });
    }, staleAfterMs);
    this.#set({
      connection: 'live',
      receivedAt: performance.now(),
      ...(this.#state.pausedAt === null ? { frame } : {}),
    });
  }

  #record(frame: LiveFrame): void {
    const { at, totals } = frame;
    this.#push({ kind: 'TOTAL', subject: '*', metric: 'IN' }, at, totals.inPerSecond);
    this.#push({ kind: 'TOTAL', subject: '*', metric: 'OUT' }, at, totals.outPerSecond);
    this.#push({ kind: 'TOTAL', subject: '*', metric: 'LAG' }, at, totals.lag);
    for (const topic of frame.topics) {
      this.#push({ kind: 'TOPIC', subject: topic.name, metric: 'IN' }, at, topic.inPerSecond);
      this.#push({ kind: 'TOPIC', subject: topic.name, metric: 'OUT' }, at, topic.outPerSecond);
    }
    for (const group of frame.groups) {
      const subject = group.groupId;
      this.#push({ kind: 'GROUP', subject, metric: 'IN' }, at, group.inPerSecond);
      this.#push({ kind: 'GROUP', subject, metric: 'OUT' }, at, group.outPerSecond);
      this.#push({ kind: 'GROUP', subject, metric: 'LAG' }, at, group.lag);
      const before = this.#healthSince.get(subject);
      if (before?.health !== group.health) {
        this.#healthSince.set(subject, { health: group.health, since: before ? at : null });
      }
    }
  }

  #push(key: SeriesKey, at: number, value: number | null): void {
    const id = seriesId(key);
    let ring = this.#rings.get(id);
    if (!ring) this.#rings.set(id, (ring = new Ring(ringSamples)));
    ring.push(at, value);
  }

  #onEvent(event: EventRowFragment): void {
    this.#eventsFrom = event.id;
    // Progress is no event of the list: it has no id of its own, and is shown with the runs.
    if (event.kind !== 'RUN_PROGRESS') {
      if (this.#state.events.some((known) => known.id === event.id)) return;
      this.#set({ events: [event, ...this.#state.events].slice(0, eventsMax) });
    }
    for (const listener of this.#eventListeners) listener(event);
  }

  /** After a minute, a hidden page costs the server nothing. It catches up when it is shown. */
  #onVisibility(): void {
    clearTimeout(this.#hiddenTimer);
    if (document.visibilityState === 'hidden') {
      this.#hiddenTimer = setTimeout(() => {
        this.#stopLive?.();
        this.#stopLive = undefined;
        clearTimeout(this.#staleTimer);
      }, hiddenAfterMs);
    } else if (!this.#stopLive) {
      this.#subscribeLive();
      this.onRefetch();
    }
  }

  #set(change: Partial<LiveState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}

export const liveStore = new LiveStore();
