import { assignBaseOffset, stampLogAppendTime } from '@penstock/kafka-protocol';
import type { RecordBatchHeader } from '@penstock/kafka-protocol';
import type { Refusal } from './append-check.ts';
import { checkBatch } from './append-check.ts';
import type { LogState } from './log-state.ts';
import { isOutOfDescriptors } from './open-files.ts';
import type { AppendOptions, AppendResult } from './results.ts';
import { APPEND_ERROR_CODES } from './results.ts';

/** Bytes of batches between two producer snapshots: a restart reads at most this many again. */
const SNAPSHOT_INTERVAL_BYTES = 64 * 1024 * 1024;
/** Kafka's relative offsets are int32. */
const RELATIVE_OFFSET_MAX = 0x7fffffff;

/** Checks a batch and writes it to the active segment. */
export class LogAppender {
  readonly #state: LogState;

  constructor(state: LogState) {
    this.#state = state;
  }

  /** See PartitionLog.append. */
  append(batch: Buffer, options: AppendOptions): AppendResult {
    const state = this.#state;
    if (state.offlineReason !== undefined) {
      return this.#refuse({ error: 'storage', message: state.offlineReason, recordErrors: [] });
    }
    const check = checkBatch(batch, {
      config: state.config,
      now: options.now,
      partition: state.folder.name,
    });
    if (!check.ok) return this.#refuse(check.refusal);
    const { header } = check;
    if (header.producerId >= 0) {
      const sequence = state.producers.check(header);
      if (sequence.kind === 'duplicate') {
        const { baseOffset, lastOffset, timestamp } = sequence.batch;
        return this.#accept(true, baseOffset, lastOffset, timestamp);
      }
      if (sequence.kind !== 'next') {
        const { kind: error, message } = sequence;
        return this.#refuse({ error, message, recordErrors: [] });
      }
    }
    return this.#write(batch, header, options);
  }

  #write(batch: Buffer, header: RecordBatchHeader, options: AppendOptions): AppendResult {
    const state = this.#state;
    const baseOffset = state.active.nextOffset;
    const lastOffset = baseOffset + header.lastOffsetDelta;
    const usesAppendTime = state.config.messageTimestampType === 'LogAppendTime';
    const maxTimestamp = usesAppendTime ? options.now : header.maxTimestamp;
    if (usesAppendTime) stampLogAppendTime(batch, options.now);
    const { leaderEpoch } = options;
    if (!state.services.space.take(batch.length)) {
      state.producers.await(header, options.now);
      return this.#refuseForNow(`too little disk space is left for ${state.folder.path}`);
    }
    assignBaseOffset(batch, { baseOffset, partitionLeaderEpoch: leaderEpoch });
    try {
      state.folder.create();
      if (this.#mustRoll(batch.length, lastOffset, maxTimestamp)) state.roll();
      if (state.active.isEmpty) state.activeSince = state.services.clock.monotonicNow();
      state.active.write(batch);
    } catch (error) {
      state.producers.await(header, options.now);
      return this.#writeFailed(error as NodeJS.ErrnoException);
    }
    const { active } = state;
    active.noteBatch(active.sizeBytes, batch.length, baseOffset, lastOffset, maxTimestamp);
    state.producers.noteEpoch(leaderEpoch, baseOffset);
    if (header.producerId >= 0) state.producers.note(header, baseOffset, options.now);
    state.noteUnsynced(active, batch.length);
    if (active.sizeBytes - state.snapshotPosition >= SNAPSHOT_INTERVAL_BYTES) {
      state.snapshotPosition = active.sizeBytes;
      state.folder.writeSnapshot(active.nextOffset, state.producers);
    }
    if (state.services.durability === 'os') state.notifyHighWatermark();
    return this.#accept(false, baseOffset, lastOffset, usesAppendTime ? options.now : -1);
  }

  #mustRoll(size: number, lastOffset: number, maxTimestamp: number): boolean {
    const { active, config, activeAgeMs } = this.#state;
    if (active.isEmpty) return false;
    const { segmentBytes, segmentMs, segmentIndexBytes, maxCompactionLagMs } = config;
    const isCompacted = config.cleanupPolicy.includes('compact');
    const ageMax = isCompacted ? Math.min(segmentMs, maxCompactionLagMs) : segmentMs;
    return (
      active.sizeBytes + size > segmentBytes ||
      lastOffset - active.baseOffset > RELATIVE_OFFSET_MAX ||
      active.index.sizeBytes >= segmentIndexBytes ||
      maxTimestamp - active.firstTimestamp() > ageMax ||
      // If its first timestamp lies in the future, later timestamps never make the segment old.
      activeAgeMs > ageMax
    );
  }

  /**
   * After a full disk or too many open files, only this batch is refused; any other failure takes
   * the partition offline.
   */
  #writeFailed(error: NodeJS.ErrnoException): AppendResult {
    const { folder, active } = this.#state;
    // Nothing was written: the file could not even be opened.
    if (isOutOfDescriptors(error)) return this.#refuseForNow(error.message);
    const isFull = error.code === 'ENOSPC' || error.code === 'EDQUOT';
    let reason = `${error.code ?? 'error'} while writing to ${folder.path}: ${error.message}`;
    if (isFull) {
      try {
        // In an empty segment, too: a shorter batch written next would leave the end of this one
        // after it.
        if (folder.exists && active.hasTail()) {
          active.cutTail();
          // Sync the cut: otherwise a power loss could bring the tail back, and the log would end
          // there.
          this.#state.noteUnsynced(active, 0);
        }
        return this.#refuseForNow(`the disk is full: ${error.message}`);
      } catch (cause) {
        reason += `; what was written could not be taken back: ${(cause as Error).message}`;
      }
    }
    this.#state.goOffline(reason, error);
    return this.#refuse({ error: 'storage', message: reason, recordErrors: [] });
  }

  #refuseForNow(message: string): AppendResult {
    const { services, folder } = this.#state;
    services.refusals.note({ partition: folder.name, reason: message });
    return this.#refuse({ error: 'storage', message, recordErrors: [] });
  }

  #accept(
    duplicate: boolean,
    baseOffset: number,
    lastOffset: number,
    logAppendTime: number,
  ): AppendResult {
    const { config, logStartOffset } = this.#state;
    const usesAppendTime = config.messageTimestampType === 'LogAppendTime';
    return {
      ok: true,
      duplicate,
      baseOffset,
      lastOffset,
      logAppendTime: usesAppendTime ? logAppendTime : -1,
      logStartOffset,
    };
  }

  #refuse(refusal: Refusal): AppendResult {
    const { error, message, recordErrors } = refusal;
    return {
      ok: false,
      error,
      errorCode: APPEND_ERROR_CODES[error],
      message,
      recordErrors,
      logStartOffset: this.#state.logStartOffset,
    };
  }
}
