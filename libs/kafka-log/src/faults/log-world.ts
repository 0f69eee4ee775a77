import type { RecordInput } from '@penstock/kafka-protocol';
import { encodeRecordBatch } from '@penstock/kafka-protocol';
import { compressionCodecs } from '../codecs.ts';
import type { LogConfig } from '../log-config.ts';
import { defaultLogConfig } from '../log-config.ts';
import type { LogManagerOptions } from '../log-manager.ts';
import { LogManager } from '../log-manager.ts';
import type { Logger } from '../logger.ts';
import { silentLogger } from '../logger.ts';
import type { PartitionLog } from '../partition-log.ts';
import type { AppendAccepted, AppendResult } from '../results.ts';
import { MemoryFiles } from './memory-files.ts';
import type { Random } from './random.ts';
import { SimulatedClock } from './simulated-clock.ts';

export const DIRECTORY = '/data/log';

/** One broker's log on a simulated machine, for tests: it can crash and start again. */
export class LogWorld {
  readonly clock = new SimulatedClock();
  files = new MemoryFiles(this.clock);
  manager!: LogManager;
  config: LogConfig;
  readonly #options: Partial<LogManagerOptions>;

  constructor(
    options: Partial<LogManagerOptions> & { config?: Partial<LogConfig>; logger?: Logger } = {},
  ) {
    const { config, ...rest } = options;
    this.config = { ...defaultLogConfig, ...config };
    this.#options = rest;
    this.start();
  }

  start(): void {
    this.manager = LogManager.open({
      directory: DIRECTORY,
      durability: 'fsync',
      logger: silentLogger,
      files: this.files,
      clock: this.clock,
      // For full disks that are met in the middle of a write.
      keepsReserve: false,
      ...this.#options,
    });
  }

  log(partition = 0, topic = 'orders'): PartitionLog {
    return this.manager.openPartition(topic, partition, { topicId: 'id', config: this.config });
  }

  /** Appends one batch of these values and checks that it was taken. */
  append(log: PartitionLog, values: string[], more: BatchOptions = {}): AppendAccepted {
    const result = this.tryAppend(log, batchOf(values, { timestamp: this.clock.now(), ...more }));
    if (!result.ok) throw new Error(`${result.error}: ${result.message}`);
    return result;
  }

  tryAppend(log: PartitionLog, batch: Buffer): AppendResult {
    return log.append(batch, { leaderEpoch: 0, now: this.clock.now() });
  }

  /** Lets what is under way finish. */
  async settle(): Promise<void> {
    await this.clock.advance(1000);
  }

  async restart(): Promise<void> {
    const closed = this.manager.close();
    await this.settle();
    await closed;
    this.start();
  }

  /** Ends the process without warning and starts another. */
  kill(): void {
    this.clock.stop();
    this.files = this.files.kill();
    this.start();
  }

  losePower(random: Random): void {
    this.clock.stop();
    this.files = this.files.losePower(random);
    this.start();
  }
}

export interface BatchOptions {
  readonly timestamp?: number;
  /** Timestamp of each record, instead of one for all. */
  readonly timestamps?: readonly number[];
  readonly keys?: readonly (string | null)[];
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly compression?: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
}

/** A batch as a producer sends it. */
export function batchOf(values: readonly string[], options: BatchOptions = {}): Buffer {
  const { timestamp = 0, timestamps, keys, ...header } = options;
  const records: RecordInput[] = values.map((value, i) => ({
    timestamp: timestamps?.[i] ?? timestamp,
    key: keys?.[i] == null ? null : Buffer.from(keys[i]),
    value: Buffer.from(value),
  }));
  return encodeRecordBatch({ records, codecs: compressionCodecs, ...header });
}

/** All that can be read from `offset` on, in portions of `maxBytes`. */
export function readAllBatches(log: PartitionLog, offset: number, maxBytes = 4096): Buffer {
  const parts: Buffer[] = [];
  for (let at = offset; at < log.highWatermark;) {
    const { result, batches } = log.read(at, maxBytes, { minOneBatch: true });
    if (!result.ok) throw new Error(`${result.error} at ${at}`);
    if (result.bytes === 0) throw new Error(`nothing at ${at}`);
    parts.push(batches);
    at = result.nextOffset;
  }
  return Buffer.concat(parts);
}
