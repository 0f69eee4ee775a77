import { delayAfter, longest } from '../operators/delays.ts';
import type { SourceNode } from '../topology/nodes.ts';
import { repartitionTopic } from '../topology/stages.ts';
import { type KeptClock, SourceClock } from './source-clock.ts';
import type { TaskOptions } from './task-options.ts';
import type { KeptPositions } from './task-positions.ts';
import { type KeptUpstream, UpstreamClock } from './upstream-clock.ts';

/**
 * How long something that was closed is kept for partitions that were idle meanwhile, or never had
 * a record, in ms of event time. One that comes back with older records finds them late.
 */
const KEPT_FOR_IDLE_MS = 24 * 3_600_000;

/** The last moment that a date can say, ms since epoch. */
const END_OF_TIME = 8_640_000_000_000_000;

/** An internal topic brings its times in its messages. */
const NO_TIMING = { latenessMs: 0, idleAfterMs: 0, idle: 'wait', futureMaxMs: 0 } as const;

/**
 * How far event time has come in a task: the least of its partitions, or of the tasks before it,
 * that are not idle. It never goes back.
 */
export class EventTime {
  readonly #options: TaskOptions;
  readonly #partitions = new Map<string, SourceClock>();
  readonly #sources: SourceClock[] = [];
  readonly #upstreams = new Map<string, UpstreamClock>();
  #watermark: number;
  #settled = -Infinity;

  constructor(options: TaskOptions, kept: KeptPositions | null) {
    this.#options = options;
    this.#watermark = kept?.watermark ?? -Infinity;
    const clocks = new Map(kept?.partitions.map((clock) => [nameOf(clock), clock]));
    for (const { topic, partition, offset } of options.partitions) {
      this.#add(
        clocks.get(nameOf({ topic, partition })) ?? { topic, partition, offset, newest: null },
      );
    }
    const known = new Map(kept?.upstreams.map((upstream) => [upstream.task, upstream]));
    for (const task of options.upstreamTasks) {
      this.#upstreams.set(task, new UpstreamClock(known.get(task) ?? newUpstream(task)));
    }
    this.#settle(options.now());
  }

  get watermark(): number {
    return this.#watermark;
  }

  /** Nothing that is not late can be older than this, ms since epoch. */
  get settledUpTo(): number {
    return this.#settled;
  }

  partition(topic: string, partition: number): SourceClock {
    return (
      this.#partitions.get(nameOf({ topic, partition })) ??
      this.#add({ topic, partition, offset: 0, newest: null })
    );
  }

  upstream(task: string): UpstreamClock {
    let clock = this.#upstreams.get(task);
    if (clock === undefined) {
      clock = new UpstreamClock(newUpstream(task));
      this.#upstreams.set(task, clock);
    }
    return clock;
  }

  positions(): Array<{ topic: string; partition: number; offset: number }> {
    return [...this.#partitions.values()].map(({ topic, partition, offset }) => ({
      topic,
      partition,
      offset,
    }));
  }

  /** Whether nothing holds event time up: all partitions and all tasks before are idle. */
  isIdle(now: number): boolean {
    return (
      this.#sources.every((source) => source.isIdle(now)) &&
      [...this.#upstreams.values()].every(({ isIdle }) => isIdle)
    );
  }

  /** Whether event time went on. */
  advance(now: number): boolean {
    const before = this.#watermark;
    this.#watermark = Math.max(before, this.#least(now));
    this.#settle(now);
    return this.#watermark > before;
  }

  /**
   * In the partitions event time comes to a moment, less the lateness, whatever their records say;
   * in the tasks before it has come to the same. Infinity is the end of all time.
   */
  finishAt(moment: number): void {
    this.#finish = Math.min(moment, END_OF_TIME);
    this.#finishBefore = this.#finish - this.#finishDelayMs();
  }

  /** The earliest moment at which a run may end so that what is due at a time is done. */
  finishFor(time: number): number {
    return time + this.#finishDelayMs() + 1;
  }

  /** How far event time stays behind the end of a run, ms. */
  #finishDelayMs(): number {
    const { stage, definition } = this.#options;
    // Behind an internal topic, the lateness of any source may have passed through it.
    const sources = definition.nodes.filter((node) => node.kind === 'source');
    const latenessMs = Math.max(0, ...sources.map((source) => source.latenessMs));
    const { ms } = longest(stage.entries.map((entry) => delayAfter(entry)));
    return latenessMs + ms;
  }

  #finish = -Infinity;
  /** The same for the tasks before. */
  #finishBefore = -Infinity;

  keep(): Pick<KeptPositions, 'partitions' | 'upstreams' | 'watermark'> {
    return {
      partitions: [...this.#partitions.values()].map((clock) => clock.keep()),
      upstreams: [...this.#upstreams.values()].map((upstream) => upstream.keep()),
      watermark: Number.isFinite(this.#watermark) ? this.#watermark : null,
    };
  }

  #least(now: number): number {
    let least = Infinity;
    for (const source of this.#sources) {
      const mark = Math.max(source.mark, this.#finish - source.timing.latenessMs);
      if (mark < least && !source.isIdle(now)) least = mark;
    }
    for (const upstream of this.#upstreams.values()) {
      const mark = Math.max(upstream.watermark, this.#finishBefore);
      if (mark < least && !upstream.isIdle) least = mark;
    }
    return least < Infinity ? least : this.#byClock(now);
  }

  /** Everything is idle: event time goes on by the wall clock, once there was a record at all. */
  #byClock(now: number): number {
    const waits = this.#sources.some(({ timing }) => timing.idle === 'wait');
    const hasRecords = this.#sources.some((source) => source.hasRecords);
    const fromUpstream = [...this.#upstreams.values()].map(({ watermark }) => watermark);
    const newest = Math.max(-Infinity, ...fromUpstream);
    if (this.#sources.length === 0) return Math.max(newest, this.#finishBefore);
    const latenessMs = Math.max(0, ...this.#sources.map(({ timing }) => timing.latenessMs));
    const byClock = waits || !hasRecords ? -Infinity : now - latenessMs;
    return Math.max(this.#finish - latenessMs, byClock, newest);
  }

  /**
   * What is not settled has to be kept. A partition decides by its own records alone, so those of
   * all partitions count, not the clock: a batch run may end long after the records it read. Only
   * who is idle, or never had a record, is waited for no longer than {@link KEPT_FOR_IDLE_MS}.
   */
  #settle(now: number): void {
    let [all, awaited, newest] = [Infinity, Infinity, -Infinity];
    const note = (at: number, isIdle: boolean): void => {
      all = Math.min(all, at);
      newest = Math.max(newest, at);
      if (at > -Infinity && !isIdle) awaited = Math.min(awaited, at);
    };
    for (const source of this.#sources) note(source.mark, source.isIdle(now));
    for (const upstream of this.#upstreams.values()) note(upstream.settled, upstream.isIdle);
    if (newest === -Infinity) return;
    const known = awaited < Infinity ? awaited : newest;
    this.#settled = Math.max(this.#settled, all, known - KEPT_FOR_IDLE_MS);
  }

  #add(kept: KeptClock): SourceClock {
    const source = this.#sourceOf(kept.topic);
    const clock = new SourceClock(kept, source ?? NO_TIMING);
    this.#partitions.set(nameOf(kept), clock);
    if (source !== null) this.#sources.push(clock);
    return clock;
  }

  #sourceOf(topic: string): SourceNode | null {
    const { stage, definition } = this.#options;
    for (const entry of stage.entries) {
      if (entry.kind === 'source' && entry.topics.includes(topic)) return entry;
      if (entry.kind === 'repartition' && repartitionTopic(definition.name, entry) === topic) {
        return null;
      }
    }
    throw new TypeError(`${definition.name} does not read the topic ${topic} in this stage`);
  }
}

function nameOf({ topic, partition }: { topic: string; partition: number }): string {
  return `${topic}/${partition}`;
}

function newUpstream(task: string): KeptUpstream {
  return { task, sequence: 0, watermark: null, settled: null, idle: false };
}
