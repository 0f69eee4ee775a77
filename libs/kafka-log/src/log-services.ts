import type { Clock } from './clock.ts';
import type { DiskSpace } from './disk-space.ts';
import type { Files } from './files.ts';
import type { Flusher } from './flusher.ts';
import type { Logger } from './logger.ts';
import type { OpenFiles } from './open-files.ts';
import type { PartitionCheckpoints } from './partition-checkpoints.ts';
import type { RepeatedWarning } from './repeated-warning.ts';

/** What all partitions' logs of one broker have in common. */
export interface LogServices {
  /** The folder of all partitions' folders. */
  readonly directory: string;
  readonly durability: 'fsync' | 'os';
  readonly files: Files;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly openFiles: OpenFiles;
  readonly checkpoints: PartitionCheckpoints;
  readonly flusher: Flusher;
  readonly space: DiskSpace;
  /** Batches refused for what passes: a full disk, too many open files. */
  readonly refusals: RepeatedWarning;
}
