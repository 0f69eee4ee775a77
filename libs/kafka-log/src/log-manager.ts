import type { Clock } from './clock.ts';
import { systemClock } from './clock.ts';
import { DiskSpace } from './disk-space.ts';
import type { FileLock, Files, FileSystemSpace } from './files.ts';
import { Flusher, type SyncFigures } from './flusher.ts';
import type { LogConfig } from './log-config.ts';
import type { LogServices } from './log-services.ts';
import type { Logger } from './logger.ts';
import { NodeFiles } from './node-files.ts';
import { OpenFiles } from './open-files.ts';
import { PartitionCheckpoints } from './partition-checkpoints.ts';
import { folderName, PartitionFolder, readTopicId } from './partition-folder.ts';
import { PartitionLog } from './partition-log.ts';
import type { Damage } from './results.ts';
import { Inspection } from './inspection.ts';
import { RepeatedWarning } from './repeated-warning.ts';
import { Retention } from './retention.ts';
import { Cleaner } from './compaction/cleaner.ts';

export interface LogManagerOptions {
  /** The folder of all partitions' folders (`<data>/log`); created if missing. */
  readonly directory: string;
  readonly durability: 'fsync' | 'os';
  readonly logger: Logger;
  /** Defaults to the real file system and the machine's clock. */
  readonly files?: Files;
  readonly clock?: Clock;
  /** Files kept open at once; 4,096, or half of what the process may open, if left out. */
  readonly openFilesMax?: number;
  /**
   * True, or left out: records are refused that would leave less free space than 64 MiB or a
   * twentieth of the file system, whichever is smaller; see DiskSpace.
   */
  readonly keepsReserve?: boolean;
  /** `log.retention.check.interval.ms`; Kafka's 5 minutes if left out. */
  readonly retentionCheckIntervalMs?: number;
  /** `log.cleaner.enable`; true if left out. Read again for each run, like the next two. */
  readonly cleanerEnabled?: boolean;
  /** `log.cleaner.backoff.ms`; Kafka's 15 seconds if left out. */
  readonly cleanerBackoffMs?: number;
  /** `log.cleaner.dedupe.buffer.size`; Kafka's 128 MiB if left out. */
  readonly cleanerDedupeBufferBytes?: number;
  /** `producer.id.expiration.ms`, which may change; Kafka's 24 hours if left out. */
  readonly producerIdExpirationMs?: () => number;
}

export interface PartitionOptions {
  /** Topic id; a folder with another id is moved to `stray/`, never read or deleted. */
  readonly topicId: string;
  readonly config: LogConfig;
}

export interface PartitionOnDisk {
  readonly topic: string;
  readonly partition: number;
  readonly topicId: string | undefined;
}

/** Another process has the data folder. */
export class DataFolderLockedError extends Error {
  override readonly name = 'DataFolderLockedError';
}

const OPEN_FILES_MAX = 4096;
const RETENTION_CHECK_INTERVAL_MS = 5 * 60 * 1000;
const CLEANER_BACKOFF_MS = 15_000;
const CLEANER_DEDUPE_BUFFER_BYTES = 128 * 1024 * 1024;
const PRODUCER_ID_EXPIRATION_MS = 24 * 60 * 60 * 1000;
/** How far the checkpoint may lag after a power loss; after a kill it does not. */
const CHECKPOINT_SYNC_INTERVAL_MS = 100;

/**
 * Partitions deleted at once: each costs some calls to the file system, and a sync of the folder
 * that several may share.
 */
const DELETED_AT_ONCE = 4;

const LOCK_FILE = '.lock';
const CLEAN_SHUTDOWN_FILE = 'clean-shutdown';
/** Deleted folders are moved here before they are removed. It cannot be a partition's name. */
const TRASH_FOLDER = 'trash';

/** The logs of all partitions of one broker, with their folder, open files and flusher. */
export class LogManager {
  readonly #services: LogServices;
  readonly #lock: FileLock;
  readonly #retention: Retention;
  readonly #cleaner: Cleaner;
  /** Only after an unclean shutdown. */
  readonly #inspection: Inspection | undefined;
  readonly #logs = new Map<string, PartitionLog>();
  /** Names of the partitions' folders present. */
  readonly #folders: Set<string>;
  readonly #wasClean: boolean;
  #trashCount = 0;
  #closing: Promise<void> | undefined;

  private constructor(services: LogServices, lock: FileLock, options: LogManagerOptions) {
    const { files, directory } = services;
    this.#services = services;
    this.#lock = lock;
    const names = files.list(directory) ?? [];
    this.#wasClean = names.includes(CLEAN_SHUTDOWN_FILE);
    if (this.#wasClean) {
      files.unlinkNow(`${directory}/${CLEAN_SHUTDOWN_FILE}`);
      files.syncDirectoryNow(directory);
    }
    this.#folders = new Set(names.filter((name) => parseFolderName(name) !== undefined));
    this.#retention = new Retention(services, {
      logs: () => this.#logs.values(),
      checkIntervalMs: options.retentionCheckIntervalMs ?? RETENTION_CHECK_INTERVAL_MS,
      producerIdExpirationMs: options.producerIdExpirationMs ?? (() => PRODUCER_ID_EXPIRATION_MS),
    });
    services.space.onShortage = () => void this.#retention.sweep();
    this.#cleaner = this.#newCleaner(options);
    if (!this.#wasClean) this.#inspection = new Inspection(services, this.#logs);
    this.#emptyTrash();
  }

  #newCleaner(options: LogManagerOptions): Cleaner {
    const logs = this.#logs;
    const retention = this.#retention;
    return new Cleaner(this.#services, {
      logs: () => Array.from(logs.values(), (log) => log.state),
      now: () => retention.now(),
      get isEnabled() {
        return options.cleanerEnabled ?? true;
      },
      get backoffMs() {
        return options.cleanerBackoffMs ?? CLEANER_BACKOFF_MS;
      },
      get keyBytesMax() {
        return options.cleanerDedupeBufferBytes ?? CLEANER_DEDUPE_BUFFER_BYTES;
      },
    });
  }

  /**
   * Locks the folder and reads what was known about its partitions. Nothing is scanned yet.
   * @throws DataFolderLockedError
   */
  static open(options: LogManagerOptions): LogManager {
    const { directory, durability, logger } = options;
    const files = options.files ?? new NodeFiles();
    const clock = options.clock ?? systemClock;
    files.makeDirectory(directory);
    const lock = files.lock(`${directory}/${LOCK_FILE}`);
    if (lock === undefined) {
      throw new DataFolderLockedError(`another process is using ${directory}`);
    }
    try {
      const checkpoints = new PartitionCheckpoints({
        files,
        clock,
        logger,
        directory,
        syncIntervalMs: CHECKPOINT_SYNC_INTERVAL_MS,
      });
      checkpoints.open();
      const services: LogServices = {
        directory,
        durability,
        files,
        clock,
        logger,
        openFiles: new OpenFiles(files, options.openFilesMax ?? openFilesMax(files)),
        checkpoints,
        flusher: new Flusher(clock, checkpoints, durability),
        space: new DiskSpace({
          files,
          clock,
          directory,
          keepsReserve: options.keepsReserve ?? true,
        }),
        refusals: new RepeatedWarning(
          logger,
          'batches are refused: no disk space or no open files left',
          clock,
        ),
      };
      return new LogManager(services, lock, options);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** How long the disk takes to make writes durable. */
  get syncFigures(): SyncFigures {
    return this.#services.flusher.figures;
  }

  /** True if the last run ended with `close()`. */
  get cleanStart(): boolean {
    return this.#wasClean;
  }

  /**
   * The partition's log. Costs nothing until the log is used: its folder is read on the first call
   * that needs it, and a new partition has no folder before its first append. A second call returns
   * the same log.
   */
  openPartition(topic: string, partition: number, options: PartitionOptions): PartitionLog {
    if (this.#closing !== undefined) throw new Error('the log manager is closed');
    const name = folderName(topic, partition);
    const known = this.#logs.get(name);
    if (known !== undefined) return known;
    const identity = { topic, partition, topicId: options.topicId };
    const folder = new PartitionFolder(this.#services, identity, this.#folders.has(name));
    const log = new PartitionLog(this.#services, folder, options.config);
    this.#logs.set(name, log);
    return log;
  }

  get(topic: string, partition: number): PartitionLog | undefined {
    return this.#logs.get(folderName(topic, partition));
  }

  /**
   * Partition folders on the disk, opened or not: for finding partitions unknown to the metadata.
   */
  partitionsOnDisk(): PartitionOnDisk[] {
    const { files, directory } = this.#services;
    return (files.list(directory) ?? []).flatMap((name) => {
      const parsed = parseFolderName(name);
      if (parsed === undefined) return [];
      return [{ ...parsed, topicId: readTopicId(this.#services, `${directory}/${name}`) }];
    });
  }

  /** Partition folders that `openPartition` was not called for. */
  get unopenedPartitions(): { topic: string; partition: number }[] {
    return [...this.#folders]
      .filter((name) => !this.#logs.has(name))
      .map((name) => parseFolderName(name)!);
  }

  /** Deletes the partitions 0 to `partitionCount` - 1 of a topic; other work runs in between. */
  async deleteTopic(topic: string, partitionCount: number, topicId: string): Promise<void> {
    for (let first = 0; first < partitionCount; first += DELETED_AT_ONCE) {
      const end = Math.min(first + DELETED_AT_ONCE, partitionCount);
      const deletions: Promise<void>[] = [];
      for (let partition = first; partition < end; partition++) {
        deletions.push(this.deletePartition(topic, partition, topicId));
      }
      await Promise.all(deletions);
      // Partitions without a folder do not wait for the disk: let other work run here.
      await new Promise<void>((resolve) => this.#services.clock.defer(resolve));
    }
  }

  /**
   * Removes the log at once; resolves when no crash can bring its folder back.
   * @param topicId id of the topic: a folder with another id is left alone
   */
  async deletePartition(topic: string, partition: number, topicId?: string): Promise<void> {
    const { files, directory, checkpoints } = this.#services;
    const name = folderName(topic, partition);
    const log = this.#logs.get(name);
    const released = log?.abandon('the partition was deleted');
    if (log !== undefined) {
      checkpoints.remove(log.checkpointKey);
      this.#cleaner.forget(log.checkpointKey);
    }
    this.#logs.delete(name);
    if (released !== undefined) await released;
    const isThere = files.list(`${directory}/${name}`) !== undefined;
    if (isThere && this.#isOfAnother(name, topicId)) return;
    this.#folders.delete(name);
    if (!isThere) return;
    const trash = `${directory}/${TRASH_FOLDER}/${this.#services.clock.now()}-${this.#trashCount++}`;
    files.makeDirectory(trash);
    files.rename(`${directory}/${name}`, `${trash}/${name}`);
    await new Promise<void>((resolve, reject) => {
      files.syncDirectory(directory, (error) => (error === null ? resolve() : reject(error)));
    });
    this.#removeFolder(trash);
  }

  /** Metadata from an old backup may name a deleted topic whose name was reused since. */
  #isOfAnother(name: string, topicId: string | undefined): boolean {
    const { directory, logger } = this.#services;
    const found = readTopicId(this.#services, `${directory}/${name}`);
    if (topicId === undefined || found === undefined || found === topicId) return false;
    logger.error(
      { folder: `${directory}/${name}`, found, wanted: topicId },
      'a folder of another topic was not deleted',
    );
    return true;
  }

  configureTopic(topic: string, config: LogConfig): void {
    for (const log of this.#logs.values()) if (log.topic === topic) log.config = config;
  }

  /** Wall clock in ms, from SteadyTime. */
  steadyNow(): number {
    return this.#retention.now();
  }

  /** Space of the file system that holds the logs. */
  get space(): FileSystemSpace {
    return this.#services.files.space(this.#services.directory);
  }

  /** Damage found so far in the opened partitions. */
  get damages(): readonly Damage[] {
    return [...this.#logs.values()].flatMap((log) => log.damages);
  }

  get offlinePartitions(): PartitionLog[] {
    return [...this.#logs.values()].filter((log) => log.offlineReason !== undefined);
  }

  /** Runs retention now instead of at the next interval. */
  applyRetention(): Promise<void> {
    return this.#retention.sweep();
  }

  /**
   * Compacts the logs of all topics with `cleanup.policy=compact` now, whatever their dirty ratio:
   * all but the active segment and what `min.compaction.lag.ms` protects. Resolves when done; a
   * failure is logged and leaves the log as it was.
   */
  compact(): Promise<void> {
    return this.#cleaner.compact();
  }

  /** Flushes, writes what makes the next start quick, marks the shutdown clean, unlocks. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { files, directory, flusher, checkpoints, openFiles } = this.#services;
    this.#retention.close();
    this.#inspection?.close();
    await this.#cleaner.close();
    await flusher.flush();
    flusher.close();
    const isClean = this.offlinePartitions.length === 0;
    for (const log of this.#logs.values()) log.close();
    try {
      checkpoints.close();
      if (isClean) {
        files.close(files.open(`${directory}/${CLEAN_SHUTDOWN_FILE}`, 'replace'));
        files.syncDirectoryNow(directory);
      }
    } finally {
      openFiles.closeAll();
      this.#lock.release();
    }
  }

  #emptyTrash(): void {
    const { files, directory } = this.#services;
    const trash = `${directory}/${TRASH_FOLDER}`;
    for (const name of files.list(trash) ?? []) this.#removeFolder(`${trash}/${name}`);
  }

  #removeFolder(path: string): void {
    this.#services.files.removeDirectory(path, (error) => {
      if (error === null) return;
      this.#services.logger.warn(
        { err: error, folder: path },
        'the folder of a deleted partition was not removed',
      );
    });
  }
}

/** Half of the files that the process may open: connections need the other half. */
function openFilesMax({ descriptorsMax = Infinity }: Files): number {
  return Math.max(1, Math.min(OPEN_FILES_MAX, Math.floor(descriptorsMax / 2)));
}

/** Topic and partition of a folder's name; undefined if it is not that of a partition. */
function parseFolderName(name: string): { topic: string; partition: number } | undefined {
  const match = /^(.+)-(\d+)$/.exec(name);
  return match === null ? undefined : { topic: match[1]!, partition: Number(match[2]) };
}
