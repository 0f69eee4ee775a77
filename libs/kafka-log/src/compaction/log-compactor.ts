import { isControlBatch, readRecordBatchHeader } from '@penstock/kafka-protocol';
import { recordsOf } from '../batch-records.ts';
import { DecompressionError } from '../codecs.ts';
import type { LogState } from '../log-state.ts';
import { MalformedRecordsError, RecordCursor } from '../records.ts';
import type { Segment } from '../segment.ts';
import { RECORDS_PER_STEP } from './batch-cleaning.ts';
import { BatchWalk } from './batch-walk.ts';
import type { CompactionPlan } from './compaction-plan.ts';
import { groupSegments } from './compaction-plan.ts';
import { KeyOffsets } from './key-offsets.ts';
import { CompactionStopped, rewriteSegments } from './segment-rewrite.ts';
import { discardCleaned, swapSegments } from './segment-swap.ts';
import { Slices } from '../slices.ts';
import type { Horizons } from '../steady-time.ts';

export interface CompactionOptions {
  /** Memory for keys; what does not fit is left to the next pass. */
  readonly keyBytesMax: number;
  /** The time to measure ages by. */
  readonly now: number;
  readonly horizons: Horizons;
  /** Throws CompactionStopped when compaction must stop. */
  readonly check: () => void;
}

export interface CompactionOutcome {
  /** Everything below was compacted; where the next pass begins. */
  readonly cleanedTo: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/**
 * One pass over a log (Kafka: Cleaner.doClean). It first reads the keys of the dirty records, as
 * far as the memory for keys allows. Then it rewrites the segments below that offset, oldest first,
 * without the records whose key has a later record. The order matters: a tombstone must not be
 * removed before the records it deletes.
 */
export async function compactLog(
  state: LogState,
  plan: CompactionPlan,
  options: CompactionOptions,
): Promise<CompactionOutcome> {
  const { services } = state;
  const pass = new Pass(state, options);
  await pass.readKeys(plan);
  // The durable end in the checkpoint file must not lie in a segment that is about to be replaced.
  state.checkpoint();
  await services.checkpoints.whenSynced();
  // The rewritten log alone no longer gives every producer's state: a snapshot must hold it.
  if (!(await state.keepProducers(pass.endOffset))) {
    throw new CompactionStopped('too little space left');
  }
  options.check();
  const bytesBefore = state.segments.sizeBytes;
  await pass.rewrite();
  return { cleanedTo: pass.endOffset, bytesBefore, bytesAfter: state.segments.sizeBytes };
}

class Pass {
  /** The keys of the records below this offset have been read. */
  endOffset = 0;
  readonly #state: LogState;
  readonly #options: CompactionOptions;
  readonly #slices: Slices;
  #keys!: KeyOffsets;

  constructor(state: LogState, options: CompactionOptions) {
    this.#state = state;
    this.#options = options;
    this.#slices = new Slices(state.services.clock);
  }

  async readKeys({ dirtyFrom, dirtyTo }: CompactionPlan): Promise<void> {
    this.#keys = new KeyOffsets(dirtyTo - dirtyFrom, this.#options.keyBytesMax);
    this.endOffset = dirtyFrom;
    const { list } = this.#state.segments;
    const dirty = list.filter((one) => one.nextOffset > dirtyFrom && one.baseOffset < dirtyTo);
    for (const segment of dirty) {
      if (!(await this.#readKeysOf(segment, dirtyFrom))) return;
      this.endOffset = segment.nextOffset;
    }
  }

  /** False if the memory for keys was full; `endOffset` then says how far it got. */
  async #readKeysOf(segment: Segment, dirtyFrom: number): Promise<boolean> {
    const { services, segments } = this.#state;
    const from = segment.floorOf(dirtyFrom);
    const walk = new BatchWalk(services.files, segment, from);
    for (;;) {
      const step = walk.next();
      if (step === false) return true;
      if (step !== true) {
        const index = segments.list.indexOf(segment);
        segments.quarantine(index, walk.position, walk.nextOffset, step);
        continue;
      }
      const isNew = walk.nextOffset > dirtyFrom;
      if (isNew && !(await this.#readKeysOfBatch(segment, walk, dirtyFrom))) return false;
      await this.#breathe(segment, walk.size);
    }
  }

  async #breathe(segment: Segment, bytes: number): Promise<void> {
    if (!this.#slices.isOver(bytes)) return;
    await this.#slices.pause();
    this.#options.check();
    this.#checkPresent(segment);
  }

  async #readKeysOfBatch(
    segment: Segment,
    { bytes, at, nextOffset }: BatchWalk,
    dirtyFrom: number,
  ): Promise<boolean> {
    const batch = readRecordBatchHeader(bytes, at);
    if (isControlBatch(batch) || batch.recordCount === 0) return true;
    try {
      const { bytes: records, start } = recordsOf(bytes, at, batch);
      const cursor = new RecordCursor(records, start);
      for (let i = 0; i < batch.recordCount; i++) {
        if (i % RECORDS_PER_STEP === RECORDS_PER_STEP - 1) await this.#breathe(segment, 0);
        cursor.next();
        const offset = batch.baseOffset + cursor.offsetDelta;
        if (cursor.keyLength < 0 || offset < dirtyFrom) continue;
        if (this.#keys.isFull) {
          this.endOffset = offset;
          return false;
        }
        this.#keys.put(records, cursor.keyStart, cursor.keyLength, offset);
      }
    } catch (error) {
      if (!(error instanceof DecompressionError || error instanceof MalformedRecordsError)) {
        throw error;
      }
      const { topic, partition } = this.#state.folder;
      this.#state.services.logger.warn(
        { topic, partition, baseOffset: batch.baseOffset, nextOffset, err: error },
        'compaction keeps a batch whose records cannot be read',
      );
    }
    return true;
  }

  async rewrite(): Promise<void> {
    const state = this.#state;
    const { check, now, horizons } = this.#options;
    const { space } = state.services;
    let mayDropTombstones = true;
    for (const group of groupSegments(state, this.endOffset)) {
      if (group[0]!.damaged.length > 0) {
        // The damaged segment keeps records that later tombstones delete.
        mayDropTombstones = false;
        continue;
      }
      const rules = {
        isLatest: (bytes: Buffer, start: number, length: number, offset: number): boolean =>
          offset >= this.#keys.get(bytes, start, length),
        endOffset: this.endOffset,
        now,
        horizons,
        deleteRetentionMs: state.config.deleteRetentionMs,
        mayDropTombstones,
      };
      const checkGroup = (): void => {
        check();
        for (const segment of group) this.#checkPresent(segment);
      };
      checkGroup();
      // Producers must not run out of space because of this.
      const bytes = group.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      if (!space.has(bytes)) throw new CompactionStopped('too little space left');
      const rewrite = { state, group, rules, slices: this.#slices, check: checkGroup };
      const cleaned = await rewriteSegments(rewrite);
      if (cleaned !== undefined) await this.#swap(group, cleaned);
      await this.#slices.pause();
    }
  }

  async #swap(group: readonly Segment[], cleaned: Segment): Promise<void> {
    const state = this.#state;
    const isDone = await state.segmentChanges.run(() =>
      swapSegments(state, group, cleaned).catch((error: unknown) => {
        // The disk may hold both the old and the new segments, or neither in full: the next start
        // repairs that.
        const reason = `cannot replace segments in ${state.folder.path}`;
        state.goOffline(`${reason}: ${(error as Error).message}`, error as Error);
        return true;
      }),
    );
    if (!isDone) {
      // If the log was deleted, the path may now be the folder of a new topic: touch no file there.
      if (state.isWritable) discardCleaned(state.services.files, cleaned);
      else cleaned.close();
      throw new CompactionStopped('segments went away meanwhile');
    }
    this.#options.check();
  }

  #checkPresent(segment: Segment): void {
    if (this.#state.segments.list.includes(segment)) return;
    throw new CompactionStopped('a segment went away meanwhile');
  }
}
