/**
 * The folder `<topic>-<partition>` of a partition: segments, indexes, snapshots of producers, and
 * `partition.metadata`, a text of two lines as Kafka writes it:
 *
 *   version: 0
 *   topic_id: <topic id>
 *
 * The topic id tells the folder of a topic from that of a deleted one of the same name.
 */
import type { LogServices } from './log-services.ts';
import type { ProducerStates } from './producer-states.ts';
import { snapshotPath } from './partition-recovery.ts';
import type { Segment } from './segment.ts';
import { copyFile, readFile, writeAll } from './whole-file.ts';

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
  /** Snapshots written since they were last synced. */
  #unsyncedSnapshots = new Set<number>();
  /** Those of them that a former run has written. */
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

  /** Under which its checkpoint is kept. */
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
   * Moves a folder that belongs to another topic of the same name to `stray/`: it is neither ours
   * to serve nor known to be wanted no more. A folder without a readable id is taken for ours.
   */
  moveStrangerAside(): void {
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

  /** Nobody knows which names of a former run are durable: the first sync sees to all. */
  noteDoubt(): void {
    this.#isNew = this.#exists;
    this.#hasNewFiles = this.#exists;
    this.#unsyncedSnapshots = new Set(this.snapshots);
    this.#inheritedSnapshots = new Set(this.snapshots);
  }

  noteNewFile(): void {
    this.#hasNewFiles = true;
  }

  /** Makes durable that its files exist; calls back at once if that is known. */
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
   * Makes durable what is known of producers: what their batches say goes with retention, and then
   * the snapshots alone know which of them were there. Without them a repetition would be taken for
   * new. Resolves with false if there is no room for that now.
   * @throws Error if one of them may not be on the disk
   */
  async syncSnapshots(): Promise<boolean> {
    const offsets = [...this.#unsyncedSnapshots];
    await (offsets.length > 0 ? this.#syncNames(false) : this.#syncing);
    if (this.#unsafe !== undefined) throw this.#unsafe;
    return !offsets.some((offset) => this.#unsyncedSnapshots.has(offset));
  }

  /** One after the other: who finds nothing left to sync must wait for those who took it. */
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
   * A snapshot of a former run is written once more: if a sync of it has failed then, the kernel
   * takes its pages for clean, and the next sync succeeds without having written them.
   */
  async #syncSnapshot(offset: number): Promise<void> {
    const { files, logger } = this.#services;
    const path = snapshotPath(this.path, offset);
    try {
      if (this.#inheritedSnapshots.has(offset)) {
        copyFile(files, path, `${path}.new`);
        await this.#syncFile(`${path}.new`);
        // It may have been removed meanwhile.
        if (!this.#inheritedSnapshots.delete(offset)) this.#unlink(`${path}.new`);
        else if (!this.#isReleased) files.rename(`${path}.new`, path);
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
   * Without the text the folder is taken to be of unknown origin, without a snapshot the one before
   * is used: neither loses a record, so a failure stops only what relies on them.
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

  /** Writes what is known of producers. A failure is reported, and false is returned. */
  writeSnapshot(offset: number, producers: ProducerStates): boolean {
    const { files, logger } = this.#services;
    // The same is there already, and may be all there is: a crash while it is written would lose
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
   * Gives the path away: a new topic of the same name uses it next. Nothing is synced or removed by
   * its name from now on; to be waited for where something is just being removed.
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

/** The topic id written in a folder; undefined if there is none to be read. */
export function readTopicId(services: LogServices, folder: string): string | undefined {
  const { files } = services;
  const path = `${folder}/${METADATA_FILE}`;
  return /^topic_id: (\S+)$/m.exec(readFile(files, path).toString())?.[1];
}
