import type { LogState } from './log-state.ts';
import { countDeletable, type RetentionSweep } from './retention-rule.ts';

/** Raises the log start, and removes the segments that then lie before it. */
export class LogTrimmer {
  readonly #state: LogState;

  constructor(state: LogState) {
    this.#state = state;
  }

  /** See PartitionLog.deleteRecords. */
  async deleteRecords(offset: number): Promise<number | undefined> {
    const state = this.#state;
    // An offline log may not know its true start and end, for instance if it could not be opened.
    state.checkWritable();
    const target = offset === -1 ? state.highWatermark : offset;
    if (target < 0 || target > state.highWatermark) return undefined;
    // Wait even if the log start was raised this far before: it may not be on the disk yet.
    const raised =
      target > state.logStartOffset ? this.#raise(target) : state.services.checkpoints.whenSynced();
    const start = state.logStartOffset;
    await raised;
    return start;
  }

  /** See PartitionLog.applyRetention. */
  async applyRetention(sweep: RetentionSweep): Promise<number> {
    const state = this.#state;
    if (!state.isWritable) return 0;
    const { list } = state.segments;
    const { highWatermark } = state;
    const count = countDeletable(list, state.config, sweep, highWatermark);
    if (count === 0) return 0;
    return (await this.#raise(list[count - 1]!.nextOffset)) ? count : 0;
  }

  /**
   * Segments are removed after the new log start is on the disk: otherwise a crash in between would
   * make them look lost. False if none was removed.
   */
  async #raise(offset: number): Promise<boolean> {
    const state = this.#state;
    const { active } = state;
    if (offset >= active.nextOffset && !active.isEmpty) state.roll();
    const start = Math.max(state.logStartOffset, offset);
    state.logStartOffset = start;
    state.checkpoint();
    await state.services.checkpoints.whenSynced();
    if (!(await this.#mayRemove(start))) return false;
    await state.segmentChanges.run(async () => this.#removeSegments(start));
    return true;
  }

  /**
   * False if there is no disk space for the producer snapshot that the segments need before they
   * are removed: they stay until the next time. Also false, for good, if the partition was deleted,
   * closed or taken offline meanwhile.
   */
  async #mayRemove(logStartOffset: number): Promise<boolean> {
    const state = this.#state;
    const { list } = state.segments;
    const kept = list.findLastIndex(({ baseOffset }) => baseOffset <= logStartOffset);
    if (kept <= 0) return false;
    try {
      return await state.keepProducers(list[kept]!.baseOffset);
    } catch (error) {
      if (state.isWritable) throw error;
      return false;
    }
  }

  /** @param logStartOffset a start that is on the disk; the log's own may be higher by now */
  #removeSegments(logStartOffset: number): void {
    const state = this.#state;
    if (!state.isWritable) return;
    const { segments, unsynced } = state;
    const { list } = segments;
    while (list.length > 1 && list[1]!.baseOffset <= logStartOffset) {
      unsynced.discard(list.shift()!, { remove: true });
    }
    const first = list[0]!;
    if (state.durable.segment.baseOffset < first.baseOffset) {
      const offset = Math.max(state.durable.offset, first.baseOffset);
      state.durable = { offset, segment: first, position: 0 };
    }
    segments.gaps = segments.gaps.filter((gap) => gap.toOffset > logStartOffset);
    state.folder.removeSnapshots(first.baseOffset);
  }
}
