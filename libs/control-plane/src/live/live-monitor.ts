import { randomUUID } from 'node:crypto';
import {
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { Config, Logger, WriteQueue } from '@penstock/platform';
import { ClusterClient, ClusterUnavailable } from '../cluster/index.ts';
import { EventLog, EventRecorder } from '../events/index.ts';
import { HistoryService, type SeriesValue } from '../history/index.ts';
import { type Clock, type ClusterSample, takeSample } from './cluster-sample.ts';
import { LatestWins } from './latest-wins.ts';
import { type ClusterFigures, type TopicFigures, unknownFigures } from './live-figures.ts';
import type { LiveFrame } from './live-frame.ts';
import { LiveState } from './live-state.ts';
import { LiveWork } from './live-work.ts';
import { RunProgress } from './run-progress.ts';
import { SampleEvents } from './sample-events.ts';
import { seriesOf } from './series-of.ts';

const FRAME_INTERVAL_MS = 1_000;
/** Once a pass takes longer than this, frames say that the broker does not answer. */
const SILENCE_SAID_AFTER_MS = 1_900;
/** The same once a pass has failed: the outage is known, so frames need not wait as long. */
const SILENCE_SAID_AGAIN_AFTER_MS = 500;
/** A pass that takes longer than this is given up, and its connections are closed. */
const PASS_DEADLINE_MS = 4_000;
const CONNECT_TIMEOUT_MS = 1_000;
const REQUEST_TIMEOUT_MS = 3_000;
/** A sample younger than this answers queries; an older one is not passed off as the present. */
const SAMPLE_AGE_MAX_MS = 3_000;

/** Seconds of figures that may wait for control.db; the oldest beyond these become gaps. */
const SECONDS_WAITING_MAX = 60;

const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/**
 * Looks at the whole cluster once a second and publishes one frame of figures, computed once for
 * all readers. Frames keep coming while the cluster does not answer: they say so, and every figure
 * of the cluster is null.
 *
 * The figures of a pass are written in the background (WriteQueue), because control.db may be
 * locked for a while.
 *
 * Passes do not overlap. The timer aims at whole seconds, so that each sample has a bucket of its
 * own in the history.
 */
@Injectable()
export class LiveMonitor implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly epoch = randomUUID();
  readonly frames = new LatestWins<LiveFrame>();
  readonly #client: ClusterClient;
  readonly #state = new LiveState();
  readonly #changes = new SampleEvents();
  readonly #work: LiveWork;
  readonly #seconds: WriteQueue<{ at: number; values: readonly SeriesValue[] }>;
  readonly #events: EventRecorder;
  readonly #progress: RunProgress;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #seq = 0;
  #pass: Promise<void> | null = null;
  /** Monotonic ms. */
  #passStartedAt = 0;
  #sample: ClusterSample | null = null;
  #figures: ClusterFigures | null = null;
  /** Built when it is first asked for, from the figures of that moment. */
  #topicIndex: { of: ClusterFigures | null; byTopic: Map<string, TopicFigures> } | null = null;
  /** Whether the cluster answered the last pass; null before the first answer. */
  #answering: boolean | null = null;

  constructor(
    config: Config,
    work: LiveWork,
    history: HistoryService,
    events: EventRecorder,
    log: EventLog,
    logger: Logger,
  ) {
    this.#client = new ClusterClient({
      bootstrapServers: config.kafka.bootstrapServers,
      clientId: 'penstock-monitor',
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
    });
    this.#work = work;
    this.#seconds = new WriteQueue({
      what: 'seconds of the history',
      logger: logger.pino,
      itemsMax: SECONDS_WAITING_MAX,
      write: ({ at, values }) => history.record(at, values),
    });
    this.#events = events;
    this.#progress = new RunProgress(log);
    this.#logger = logger;
  }

  onApplicationBootstrap(): void {
    this.#tick();
  }

  /**
   * Runs after the readers' sockets are closed: a stream that ends on an open socket tells its
   * reader that nothing more will come, and the reader would not connect again.
   */
  async onApplicationShutdown(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.frames.close();
    this.#client.close();
    await this.#pass;
    await this.#seconds.stop();
  }

  /**
   * The newest sample; throws {@link ClusterUnavailable} when there is none of the last seconds.
   */
  sample(): ClusterSample {
    const sample = this.#sample;
    if (sample === null || performance.now() - sample.monotonicMs > SAMPLE_AGE_MAX_MS) {
      const why = this.frames.latest?.brokerError ?? 'The cluster has not been asked yet.';
      throw new ClusterUnavailable(why);
    }
    return sample;
  }

  /** The newest figures of one topic; undefined for a topic not seen yet. */
  topicFigures(name: string): TopicFigures | undefined {
    if (this.#topicIndex?.of !== this.#figures) {
      const topics = this.#figures?.topics ?? [];
      const byTopic = new Map(topics.map((topic) => [topic.name, topic]));
      this.#topicIndex = { of: this.#figures, byTopic };
    }
    return this.#topicIndex?.byTopic.get(name);
  }

  /** The figures of the newest frame, nulls included; null before the first. */
  figures(): ClusterFigures | null {
    return this.#figures;
  }

  #tick(): void {
    if (this.#stopped) {
      return;
    }
    const now = Date.now();
    const untilNextSecond = FRAME_INTERVAL_MS - (now % FRAME_INTERVAL_MS);
    // A timer may fire a moment early; that must not become a second tick for the same second.
    const wait = untilNextSecond < 100 ? untilNextSecond + FRAME_INTERVAL_MS : untilNextSecond;
    this.#timer = setTimeout(() => this.#tick(), wait);
    if (this.#pass === null) {
      this.#passStartedAt = performance.now();
      this.#pass = this.#runPass().finally(() => {
        this.#pass = null;
      });
      return;
    }
    const silenceMs = performance.now() - this.#passStartedAt;
    const saidAfterMs =
      this.#answering === false ? SILENCE_SAID_AGAIN_AFTER_MS : SILENCE_SAID_AFTER_MS;
    if (silenceMs > saidAfterMs) {
      const since = this.#sample?.monotonicMs ?? this.#passStartedAt;
      const seconds = Math.round((performance.now() - since) / 1_000);
      void this.#publishError(`The broker has not answered for ${seconds} s.`);
    }
  }

  async #runPass(): Promise<void> {
    let sample: ClusterSample;
    try {
      sample = await this.#takeSample();
    } catch (error) {
      // Connections of a pass that failed are not trusted again: the next one starts afresh.
      this.#client.disconnect();
      if (!(error instanceof ClusterUnavailable)) {
        this.#logger.pino.error({ err: error }, 'the cluster could not be sampled');
      }
      await this.#publishError(error instanceof Error ? error.message : String(error));
      return;
    }
    try {
      await this.#publishSample(sample);
    } catch (error) {
      this.#logger.pino.error({ err: error }, 'a sample could not be published');
    }
  }

  async #takeSample(): Promise<ClusterSample> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(new ClusterUnavailable('The broker does not answer in time.'));
    }, PASS_DEADLINE_MS);
    try {
      const taken = takeSample(this.#client, systemClock);
      // When the deadline wins, this rejection is ignored.
      taken.catch(() => undefined);
      return await Promise.race([taken, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #publishSample(sample: ClusterSample): Promise<void> {
    const figures = this.#state.apply(sample, await this.#work.pausedGroups());
    this.#sample = sample;
    this.#figures = figures;
    await this.#publish(figures, null);
    this.#seconds.add({ at: sample.at, values: seriesOf(figures) });
    if (this.#answering === false) {
      this.#events.record('BROKER_CONNECTED', 'broker', 'The broker answers again');
    }
    this.#answering = true;
    for (const { kind, subject, message, data } of this.#changes.compare(sample)) {
      this.#events.record(kind, subject, message, data);
    }
  }

  async #publishError(message: string): Promise<void> {
    try {
      const lost = this.#answering === true;
      this.#figures = unknownFigures(this.#figures, Date.now());
      await this.#publish(this.#figures, message);
      if (lost) {
        this.#answering = false;
        this.#events.record('BROKER_LOST', 'broker', message);
      }
    } catch (error) {
      this.#logger.pino.error({ err: error }, 'a frame could not be published');
    }
  }

  async #publish(figures: ClusterFigures, brokerError: string | null): Promise<void> {
    const { runsActive, ...work } = await this.#work.read();
    if (this.#stopped) {
      return;
    }
    this.#seq += 1;
    this.frames.publish({
      epoch: this.epoch,
      seq: this.#seq,
      at: figures.at,
      brokerError,
      totals: { ...figures.totals, runsActive },
      topics: figures.topics,
      groups: figures.groups,
      ...work,
    });
    this.#progress.report(work.runs);
  }
}
