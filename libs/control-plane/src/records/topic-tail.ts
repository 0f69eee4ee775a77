import {
  type ClusterClient,
  ClusterUnavailable,
  LATEST,
  type TopicMetadata,
} from '../cluster/index.ts';
import { fetchPart } from './partition-reader.ts';
import {
  isControlBatch,
  offsetAfter,
  recordOffset,
  type RecordView,
  toRecordView,
} from './record-view.ts';

const ROUND_MS = 250;
const RETRY_MS = 1_000;
/** Records shown per round: 100 a second is more than anybody reads. */
export const TAIL_RECORDS_PER_ROUND = 25;
const FETCH_BYTES = 128 * 1024;
/** Farther behind than this, a partition's position jumps to the end: a tail shows what is new. */
const BEHIND_MAX = 1_000;

export interface TailFrame {
  readonly records: readonly RecordView[];
  /** Records that came in and were left out since the frame before. */
  readonly skipped: number;
}

/** Two frames as one, for a reader that was too slow for both. */
export function mergeTailFrames(earlier: TailFrame, later: TailFrame): TailFrame {
  const records = [...earlier.records, ...later.records];
  const shown = records.slice(-TAIL_RECORDS_PER_ROUND);
  return {
    records: shown,
    skipped: earlier.skipped + later.skipped + records.length - shown.length,
  };
}

/**
 * Follows the end of a topic, from when it is started, for everyone who watches it. What it reads
 * and shows per round is bounded; records beyond that are counted as skipped.
 */
export class TopicTail {
  readonly #client: ClusterClient;
  readonly #topic: string;
  readonly #partition: number | null;
  readonly #publish: (frame: TailFrame) => void;
  readonly #positions = new Map<number, number>();
  readonly #stop = new AbortController();

  constructor(
    client: ClusterClient,
    place: { topic: string; partition: number | null },
    publish: (frame: TailFrame) => void,
  ) {
    this.#client = client;
    this.#topic = place.topic;
    this.#partition = place.partition;
    this.#publish = publish;
  }

  stop(): void {
    this.#stop.abort();
    this.#client.close();
  }

  /** Sets the positions to the log end; then {@link run} shows everything after it. */
  async start(): Promise<void> {
    const metadata = await this.#client.metadata([this.#topic]);
    const topics = metadata.topics.map((topic) => this.#wanted(topic));
    const ends = await this.#client.listOffsets(metadata, topics, LATEST);
    for (const [partition, end] of (ends.get(this.#topic) ?? []).entries()) {
      if (end !== null) {
        this.#positions.set(partition, end);
      }
    }
  }

  /** Ends when the topic is deleted or {@link stop} is called. */
  async run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const startedAt = performance.now();
      let wait = ROUND_MS;
      try {
        const frame = await this.#round();
        if (frame === null) {
          return;
        }
        if (frame.records.length > 0 || frame.skipped > 0) {
          this.#publish(frame);
        }
      } catch (error) {
        if (!(error instanceof ClusterUnavailable) && !signal.aborted) {
          throw error;
        }
        this.#client.disconnect();
        wait = RETRY_MS;
      }
      await pause(Math.max(0, wait - (performance.now() - startedAt)), signal);
    }
  }

  /** Null when the topic is gone. */
  async #round(): Promise<TailFrame | null> {
    const metadata = await this.#client.metadata([this.#topic]);
    const topic = metadata.topics.find((candidate) => candidate.name === this.#topic);
    if (topic === undefined || topic.errorCode !== 0) {
      return null;
    }
    const ends = await this.#client.listOffsets(metadata, [this.#wanted(topic)], LATEST);
    const records: RecordView[] = [];
    let skipped = 0;
    for (const { partition, leader } of this.#wanted(topic).partitions) {
      const end = ends.get(this.#topic)?.[partition] ?? null;
      if (leader === null || end === null) {
        continue;
      }
      // A partition that was added since begins at its start; one that was truncated at its end.
      const position = Math.min(this.#positions.get(partition) ?? 0, end);
      const from = end - position > BEHIND_MAX ? end - TAIL_RECORDS_PER_ROUND : position;
      skipped += from - position;
      this.#positions.set(partition, from);
      if (from < end) {
        const place = { metadata, topic: this.#topic, partition, leader };
        records.push(...(await this.#read(place, from)));
      }
    }
    records.sort((a, b) => a.timestamp - b.timestamp || a.offset - b.offset);
    const shown = records.slice(-TAIL_RECORDS_PER_ROUND);
    return { records: shown, skipped: skipped + records.length - shown.length };
  }

  async #read(place: Parameters<typeof fetchPart>[1], from: number): Promise<RecordView[]> {
    const options = { offset: from, bytesMax: FETCH_BYTES, waitMs: 0 };
    const part = await fetchPart(this.#client, place, options);
    if (part.outOfRange) {
      this.#positions.set(place.partition, part.logStartOffset);
      return [];
    }
    const records: RecordView[] = [];
    for (const batch of part.batches) {
      for (const record of isControlBatch(batch) ? [] : batch.records) {
        if (recordOffset(batch, record) >= from) {
          records.push(toRecordView(place, batch, record));
        }
      }
      this.#positions.set(place.partition, offsetAfter(batch));
    }
    return records;
  }

  #wanted(topic: TopicMetadata): TopicMetadata {
    const partitions = topic.partitions.filter(
      ({ partition }) => this.#partition === null || partition === this.#partition,
    );
    return { ...topic, partitions };
  }
}

function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, durationMs);
    signal.addEventListener('abort', done, { once: true });
  });
}
