import type { LogServices } from './log-services.ts';
import type { PartitionFolder } from './partition-folder.ts';
import type { Segment } from './segment.ts';

/**
 * The segments of a partition that were written to since their last sync, and the sync itself. At
 * most one sync is under way; what is written meanwhile belongs to the next.
 *
 * A file must not be closed while a sync of it is under way in the thread pool, so segments that
 * leave the log are handed over here, and are closed (and removed) when nothing needs them.
 */
export class UnsyncedSegments {
  readonly #services: LogServices;
  readonly #folder: PartitionFolder;
  /** Each is pinned open once. */
  #segments = new Set<Segment>();
  #bytes = 0;
  #isSyncing = false;
  #discarded: { segment: Segment; remove: boolean }[] = [];

  constructor(services: LogServices, folder: PartitionFolder) {
    this.#services = services;
    this.#folder = folder;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Takes note of a write; true if the segment had no unsynced ones before. */
  add(segment: Segment, bytes: number): boolean {
    this.#bytes += bytes;
    if (this.#segments.has(segment)) return false;
    this.#segments.add(segment);
    segment.descriptor();
    segment.log.pins++;
    return true;
  }

  /** Syncs all that was written, and the names of new files. */
  sync(done: (error: Error | null) => void): void {
    const { files, openFiles } = this.#services;
    const segments = [...this.#segments];
    this.#segments = new Set();
    this.#bytes = 0;
    this.#isSyncing = true;
    let failure: Error | null = null;
    let running = segments.length + 1;
    const finished = (error: Error | null): void => {
      failure ??= error;
      running--;
      if (running > 0) return;
      for (const segment of segments) segment.log.pins--;
      this.#isSyncing = false;
      this.#closeDiscarded();
      done(failure);
    };
    for (const { log } of segments) files.syncData(openFiles.descriptor(log), finished);
    this.#folder.sync(finished);
  }

  /** Closes a segment that is no longer part of the log, and removes its files if asked to. */
  discard(segment: Segment, { remove }: { remove: boolean }): void {
    if (this.#segments.delete(segment)) segment.log.pins--;
    this.#discarded.push({ segment, remove });
    this.#closeDiscarded();
  }

  #closeDiscarded(): void {
    if (this.#isSyncing) return;
    for (const { segment, remove } of this.#discarded) {
      segment.close();
      if (remove) this.#folder.remove(segment);
    }
    this.#discarded = [];
  }
}
