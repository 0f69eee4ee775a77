import type { Clock } from './clock.ts';
import type { Files } from './files.ts';
import type { LogConfig } from './log-config.ts';
import type { Logger } from './logger.ts';
import type { PartitionLog } from './partition-log.ts';
import type { Damage } from './results.ts';

export interface LogManagerOptions {
  /** The folder of all partitions' folders (`<data>/log`); created if missing. */
  readonly directory: string;
  readonly durability: 'fsync' | 'os';
  readonly logger: Logger;
  /** Defaults to the real file system and the machine's clock. */
  readonly files?: Files;
  readonly clock?: Clock;
  /** Files kept open at once. */
  readonly openFilesMax?: number;
  /** `log.retention.check.interval.ms`. */
  readonly retentionCheckIntervalMs?: number;
  /** `producer.id.expiration.ms`. */
  readonly producerIdExpirationMs?: number;
}

export interface PartitionOptions {
  /** Topic id; a folder that carries another id is moved aside, never read or deleted. */
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

/** All partitions' logs of one broker: their folder, their open files, their way to the disk. */
export class LogManager {
  /**
   * Locks the folder and reads what was known about its partitions. Nothing is scanned yet.
   * @throws DataFolderLockedError
   */
  static open(_options: LogManagerOptions): LogManager {
    throw new Error('not built yet');
  }

  /** True if the last run ended with `close()`. */
  get cleanStart(): boolean {
    throw new Error('not built yet');
  }

  /**
   * The partition's log, opened (and recovered if need be) or created. A new one costs nothing on
   * the disk until its first append. Asking again gives the same log.
   */
  openPartition(_topic: string, _partition: number, _options: PartitionOptions): PartitionLog {
    throw new Error('not built yet');
  }
  get(_topic: string, _partition: number): PartitionLog | undefined {
    throw new Error('not built yet');
  }
  /** Folders present, opened or not: for finding what the metadata does not know. */
  partitionsOnDisk(): PartitionOnDisk[] {
    throw new Error('not built yet');
  }
  /** Takes the log away at once; resolves when its folder can no longer come back. */
  deletePartition(_topic: string, _partition: number): Promise<void> {
    throw new Error('not built yet');
  }
  configureTopic(_topic: string, _config: LogConfig): void {
    throw new Error('not built yet');
  }
  /** Bytes of all segments of all partitions. */
  get sizeBytes(): number {
    throw new Error('not built yet');
  }
  get freeBytes(): number {
    throw new Error('not built yet');
  }
  get damages(): readonly Damage[] {
    throw new Error('not built yet');
  }
  /** Flushes, writes what makes the next start quick, marks the shutdown clean, unlocks. */
  close(): Promise<void> {
    throw new Error('not built yet');
  }
}
