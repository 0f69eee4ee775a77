/**
 * The folder `<topic>-<partition>` of a partition: segments, indexes, snapshots of producers, and
 * `partition.metadata`, a text of two lines as Kafka writes it:
 *
 *   version: 0
 *   topic_id: <topic id>
 *
 * The topic id tells the folder of a topic from that of a deleted one of the same name.
 */
import { replaceFile } from './atomic-file.ts';
import type { LogServices } from './log-services.ts';
import type { ProducerStates } from './producer-states.ts';
import { snapshotPath } from './partition-recovery.ts';
import type { Segment } from './segment.ts';
import { readFile, writeAll } from './whole-file.ts';

const SNAPSHOTS_KEPT = 3;
const METADATA_FILE = 'partition.metadata';

export class PartitionFolder {
  readonly topic: string;
  readonly partition: number;
  readonly topicId: string;
  readonly path: string;
  /** Offsets of the snapshots present, rising. */
  snapshots: number[] = [];
  readonly #services: LogServices;
  #exists: boolean;
  /** What has to be synced for new files to be found after a crash. */
  #isNew = false;
  #hasNewFiles = false;
  /** Snapshots that are not known to be on the disk. */
  #unsyncedSnapshots = new Set<number>();
  /** Those of them that a previous run wrote. */
  #inheritedSnapshots = new Set<number>();
  #syncing: Promise<void> = Promise.resolve();
  /** Why a snapshot may not be on the disk. */
  #unsafe: Error | undefined;
  #unlinking = new Set<Promise<void>>();
  #isReleased = false;

  constructor(
    services: LogServices,
    { topic, partition, topicId }: { topic: string; partition: number; topicId: string },
    exists: boolean,
  ) {
    this.#services = services;
    this.topic = topic;
    this.partition = partition;
    this.topicId = topicId;
    this.path = `${services.directory}/${folderName(topic, partition)}`;
    this.#exists = exists;
  }

  /** `<topic>-<partition>`. */
  get name(): string {
    return folderName(this.topic, this.partition);
  }

  /** Key of its checkpoint. */
  get key(): string {
    return `${this.name}/${this.topicId}`;
  }

  get exists(): boolean {
    return this.#exists;
  }

  /** Makes the folder, unless it is there; it is durable with the next sync. */
  create(): void {
    if (this.#exists) return;
    const { files } = this.#services;
    files.makeDirectory(this.path);
    const descriptor = files.open(`${this.path}/${METADATA_FILE}`, 'replace');
    try {
      writeAll(files, descriptor, Buffer.from(`version: 0\ntopic_id: ${this.topicId}\n`), 0);
    } finally {
      files.close(descriptor);
    }
    this.#exists = true;
    this.#isNew = true;
    this.#hasNewFiles = true;
  }

  /**
   * Moves the folder to `stray/` if it belongs to another topic of the same name: this partition
   * must not serve it, and it may still be wanted. A folder without a readable topic id is kept.
   */
  moveStrayAside(): void {
    if (!this.#exists) return;
    const { files, directory, logger, clock } = this.#services;
    const found = readTopicId(this.#services, this.path);
    if (files.list(this.path) === undefined) {
      this.#exists = false;
      return;
    }
    if (found === undefined || found === this.topicId) return;
    const aside = `${directory}/stray/${clock.now()}`;
    files.makeDirectory(aside);
    files.rename(this.path, `${aside}/${folderName(this.topic, this.partition)}`);
    files.syncDirectoryNow(directory);
    this.#exists = false;
    logger.error(
      { folder: this.path, found, wanted: this.topicId, aside },
      'a folder of another topic was moved aside',
    );
  }

  /** It is unknown which files of a previous run are durable: the first sync covers them all. */
  noteDoubt(): void {
    this.#isNew = this.#exists;
    this.#hasNewFiles = this.#exists;
    this.#unsyncedSnapshots = new Set(this.snapshots);
    this.#inheritedSnapshots = new Set(this.snapshots);
  }

  noteNewFile(): void {
    this.#hasNewFiles = true;
  }

  /** Makes the names of its files durable; calls back at once if they are known to be. */
  sync(done: (error: Error | null) => void): void {
    if (!this.#hasNewFiles) {
      done(null);
      return;
    }
    const { files, directory } = this.#services;
    const isNew = this.#isNew;
    this.#hasNewFiles = false;
    this.#isNew = false;
    this.#syncNames(isNew).then(
      () => (isNew ? files.syncDirectory(directory, done) : done(null)),
      done,
    );
  }

  /**
   * Makes the producer snapshots durable. Once retention has removed a producer's batches, only the
   * snapshots know them; without these, a retry would be taken for a new batch. Resolves with false
   * if a snapshot cannot be written now, for instance for lack of disk space.
   * @throws Error if one of them may not be on the disk
   */
  async syncSnapshots(): Promise<boolean> {
    const offsets = [...this.#unsyncedSnapshots];
    await (offsets.length > 0 ? this.#syncNames(false) : this.#syncing);
    if (this.#unsafe !== undefined) throw this.#unsafe;
    return !offsets.some((offset) => this.#unsyncedSnapshots.has(offset));
  }

  /** One sync at a time: a caller that finds nothing to sync must wait for the sync under way. */
  #syncNames(isNew: boolean): Promise<void> {
    const before = this.#syncing.catch(() => undefined);
    this.#syncing = before.then(async () => {
      if (this.#isReleased) return;
      const syncs = [...this.#unsyncedSnapshots].map((offset) => this.#syncSnapshot(offset));
      if (isNew) syncs.push(this.#syncFile(`${this.path}/${METADATA_FILE}`));
      await Promise.all(syncs);
      await this.#syncDirectory();
    });
    return this.#syncing;
  }

  /**
   * A snapshot of a previous run is written again: if a sync of it failed in that run, the kernel
   * has marked its pages clean, and the next sync succeeds without writing them.
   */
  async #syncSnapshot(offset: number): Promise<void> {
    const { files, logger } = this.#services;
    const path = snapshotPath(this.path, offset);
    try {
      if (this.#inheritedSnapshots.has(offset)) {
        const content = readFile(files, path);
        // It may have been removed meanwhile.
        const isWanted = () => this.#inheritedSnapshots.delete(offset) && !this.#isReleased;
        const isReplaced = await replaceFile(
          files,
          { directory: this.path, path, content },
          isWanted,
        );
        if (!isReplaced) this.#unlink(`${path}.new`);
      } else {
        await this.#syncFile(path);
      }
      this.#unsyncedSnapshots.delete(offset);
    } catch (error) {
      if (this.#isReleased) return;
      logger.warn({ err: error, folder: this.path }, 'a snapshot of producers was not written');
    }
  }

  #syncDirectory(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#services.files.syncDirectory(this.path, (error) => {
        if (error === null || this.#isReleased) resolve();
        else reject(error);
      });
    });
  }

  /**
   * A failure loses no record: without `partition.metadata` the topic id of the folder is unknown,
   * without a snapshot the one before is used. So it stops only the steps that rely on these files.
   */
  #syncFile(path: string): Promise<void> {
    const { files, logger } = this.#services;
    return new Promise((resolve) => {
      const failed = (error: Error): void => {
        resolve();
        if (this.#isReleased) return;
        this.#unsafe ??= error;
        logger.warn({ err: error, file: path }, 'a file is not durable');
      };
      if (files.size(path) === undefined) {
        resolve();
        return;
      }
      try {
        const descriptor = files.open(path, 'read');
        files.syncData(descriptor, (error) => {
          files.close(descriptor);
          if (error === null) resolve();
          else failed(error);
        });
      } catch (error) {
        failed(error as Error);
      }
    });
  }

  /** Writes a producer snapshot. A failure is logged, and false is returned. */
  writeSnapshot(offset: number, producers: ProducerStates): boolean {
    const { files, logger } = this.#services;
    // This snapshot exists already and may be the only one: a crash while rewriting it would lose
    // it.
    if (this.snapshots.at(-1) === offset) return true;
    try {
      const descriptor = files.open(snapshotPath(this.path, offset), 'replace');
      try {
        writeAll(files, descriptor, producers.encode(offset), 0);
      } finally {
        files.close(descriptor);
      }
    } catch (error) {
      logger.warn({ err: error, folder: this.path }, 'a snapshot of producers was not written');
      return false;
    }
    this.snapshots.push(offset);
    this.#unsyncedSnapshots.add(offset);
    while (this.snapshots.length > SNAPSHOTS_KEPT) this.#removeOldestSnapshot();
    return true;
  }

  #removeOldestSnapshot(): void {
    const offset = this.snapshots.shift()!;
    this.#unsyncedSnapshots.delete(offset);
    this.#inheritedSnapshots.delete(offset);
    this.#unlink(snapshotPath(this.path, offset));
  }

  /** Removes the files of a segment that is closed. */
  remove(segment: Segment): void {
    this.#unlink(segment.log.path);
    this.#unlink(segment.index.path);
  }

  /** Removes snapshots from before `offset`. */
  removeSnapshots(offset: number): void {
    while (this.snapshots.length > 0 && this.snapshots[0]! < offset) this.#removeOldestSnapshot();
  }

  /**
   * Gives up the path, because a new topic of the same name may use it: from now on nothing is
   * synced or removed by its name. Resolves when removals under way have ended; undefined if there
   * are none.
   */
  release(): Promise<unknown> | undefined {
    this.#isReleased = true;
    return this.#unlinking.size > 0 ? Promise.all(this.#unlinking) : undefined;
  }

  #unlink(path: string): void {
    if (this.#isReleased) return;
    const { files, logger } = this.#services;
    const removal = new Promise<void>((resolve) => {
      files.unlink(path, (error) => {
        resolve();
        if (error === null || (error as NodeJS.ErrnoException).code === 'ENOENT') return;
        logger.warn({ err: error, file: path }, 'a file was not removed');
      });
    });
    this.#unlinking.add(removal);
    void removal.then(() => this.#unlinking.delete(removal));
  }
}

export function folderName(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}

/** The topic id written in a folder; undefined if there is none. */
export function readTopicId(services: LogServices, folder: string): string | undefined {
  const { files } = services;
  const path = `${folder}/${METADATA_FILE}`;
  return /^topic_id: (\S+)$/m.exec(readFile(files, path).toString())?.[1];
}
