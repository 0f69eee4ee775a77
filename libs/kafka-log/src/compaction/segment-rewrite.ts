import { readRecordBatchHeader } from '@penstock/kafka-protocol';
import type { LogState } from '../log-state.ts';
import { Segment } from '../segment.ts';
import { writeAll } from '../whole-file.ts';
import type { CleaningRules } from './batch-cleaning.ts';
import { cleanBatch, emptyBatch } from './batch-cleaning.ts';
import { BatchWalk } from './batch-walk.ts';
import { CLEANED_SUFFIX, discardCleaned } from './segment-swap.ts';
import type { Slices } from '../slices.ts';

const OUT_SIZE = 256 * 1024;

/** Stops the compaction of a log; the segments replaced so far are complete. */
export class CompactionStopped extends Error {
  override readonly name = 'CompactionStopped';
}

export interface Rewrite {
  readonly state: LogState;
  readonly group: readonly Segment[];
  readonly rules: CleaningRules;
  readonly slices: Slices;
  /** Throws CompactionStopped when compaction must stop. */
  readonly check: () => void;
}

/**
 * Writes what compaction leaves of a group of segments into one segment, and syncs it. Its last
 * batch ends where the group ends, if need be as a batch without records: each segment must begin
 * where the one before it ends, so that missing bytes can be told from removed records.
 *
 * Resolves with undefined if the group is one segment that stays as it is.
 */
export async function rewriteSegments(rewrite: Rewrite): Promise<Segment | undefined> {
  const { state, group } = rewrite;
  const { files, openFiles } = state.services;
  const { baseOffset } = group[0]!;
  const interval = state.config.indexIntervalBytes;
  const { path } = state.folder;
  const cleaned = new Segment(files, openFiles, path, baseOffset, interval, CLEANED_SUFFIX);
  discardCleaned(files, cleaned);
  const writer = new SegmentWriter(rewrite, cleaned);
  try {
    cleaned.descriptor();
    cleaned.log.pins++;
    for (const segment of group) await writer.take(segment);
    if (!writer.hasChanged && group.length === 1) {
      discardCleaned(files, cleaned);
      return undefined;
    }
    await writer.finish();
    return cleaned;
  } catch (error) {
    // If the log was deleted, the path may now be the folder of a new topic: touch no file there.
    if (state.isWritable) discardCleaned(files, cleaned);
    else cleaned.close();
    throw error;
  } finally {
    cleaned.log.pins--;
  }
}

class SegmentWriter {
  hasChanged = false;
  readonly #rewrite: Rewrite;
  readonly #cleaned: Segment;
  readonly #out = Buffer.allocUnsafe(OUT_SIZE);
  #outLength = 0;
  #written = 0;

  constructor(rewrite: Rewrite, cleaned: Segment) {
    this.#rewrite = rewrite;
    this.#cleaned = cleaned;
  }

  async take(segment: Segment): Promise<void> {
    const { state, group } = this.#rewrite;
    const from = { position: 0, nextOffset: segment.baseOffset };
    const walk = new BatchWalk(state.services.files, segment, from);
    for (;;) {
      const step = walk.next();
      if (step === false) return;
      if (step !== true) {
        const index = state.segments.list.indexOf(segment);
        state.segments.quarantine(index, walk.position, walk.nextOffset, step);
        throw new CompactionStopped(step);
      }
      const isLast = segment === group.at(-1) && walk.position >= segment.sizeBytes;
      await this.#takeBatch(walk, isLast);
      await this.#breathe(walk.size);
    }
  }

  async #breathe(bytes: number): Promise<void> {
    const { slices, check } = this.#rewrite;
    if (!slices.isOver(bytes)) return;
    await slices.pause();
    check();
  }

  async #takeBatch({ bytes, at, size }: BatchWalk, isLast: boolean): Promise<void> {
    const { rules, state } = this.#rewrite;
    const batch = readRecordBatchHeader(bytes, at);
    const lastOffset = batch.baseOffset + batch.lastOffsetDelta;
    const steps = cleanBatch(bytes, at, batch, rules);
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) await this.#breathe(0);
    const cleaned = step.value;
    if (cleaned === 'whole') {
      this.#put(bytes, at, size, batch.baseOffset, lastOffset, batch.maxTimestamp);
      return;
    }
    if (cleaned !== 'empty') {
      this.hasChanged = true;
      const { maxTimestamp } = readRecordBatchHeader(cleaned);
      this.#put(cleaned, 0, cleaned.length, batch.baseOffset, lastOffset, maxTimestamp);
      return;
    }
    const isNeeded = isLast || state.producers.isLastBatch(batch.producerId, lastOffset);
    this.hasChanged ||= !isNeeded || batch.recordCount > 0;
    if (!isNeeded) return;
    const empty = emptyBatch(bytes, at, batch);
    this.#put(empty, 0, empty.length, batch.baseOffset, lastOffset, batch.maxTimestamp);
  }

  #put(
    bytes: Buffer,
    start: number,
    size: number,
    baseOffset: number,
    lastOffset: number,
    maxTimestamp: number,
  ): void {
    const cleaned = this.#cleaned;
    if (this.#outLength + size > OUT_SIZE) this.#flush();
    if (size > OUT_SIZE) this.#write(bytes.subarray(start, start + size));
    else {
      bytes.copy(this.#out, this.#outLength, start, start + size);
      this.#outLength += size;
    }
    cleaned.noteBatch(cleaned.sizeBytes, size, baseOffset, lastOffset, maxTimestamp);
  }

  #flush(): void {
    if (this.#outLength === 0) return;
    this.#write(this.#out.subarray(0, this.#outLength));
    this.#outLength = 0;
  }

  #write(bytes: Buffer): void {
    const { files } = this.#rewrite.state.services;
    writeAll(files, this.#cleaned.descriptor(), bytes, this.#written);
    this.#written += bytes.length;
  }

  async finish(): Promise<void> {
    const { state, check } = this.#rewrite;
    const cleaned = this.#cleaned;
    this.#flush();
    cleaned.index.flush();
    // The first read of this segment checks its CRCs, as that of any other segment does.
    cleaned.writtenFrom = cleaned.sizeBytes;
    await new Promise<void>((resolve, reject) => {
      state.services.files.syncData(cleaned.descriptor(), (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
    check();
  }
}
