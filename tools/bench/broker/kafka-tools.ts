import { join } from 'node:path';
import { run } from '@penstock/testing';

/** As Kafka's own scripts start broker and tools. */
export const JVM_ARGUMENTS = ['-server', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20'].concat(
  ['-XX:InitiatingHeapOccupancyPercent=35', '-XX:+ExplicitGCInvokesConcurrent'],
  ['-Djava.awt.headless=true'],
);
const DEADLINE_MS = 180_000;

/** What Kafka's ProducerPerformance measured after its warm-up. */
export interface ProducerFigures {
  readonly recordsPerSecond: number;
  readonly latencyMsP99: number;
}

export interface ProducerLoad {
  readonly topic: string;
  readonly recordBytes: number;
  /** Without those of the warm-up. */
  readonly records: number;
  readonly warmupRecords: number;
  /** Records a second; as many as possible when left out. */
  readonly rate?: number;
  readonly compression: 'none' | 'lz4';
}

/** Kafka's own measuring programs, each in a JVM of its own. */
export class KafkaTools {
  readonly #classPath: string;

  constructor(folder: string) {
    this.#classPath = join(folder, '*');
  }

  /** kafka-producer-perf-test, idempotent with acks=all. */
  async produce(port: number, load: ProducerLoad): Promise<ProducerFigures> {
    const output = await this.#run('ProducerPerformance', [
      ...['--bootstrap-server', `127.0.0.1:${port}`, '--topic', load.topic],
      ...['--num-records', String(load.records + load.warmupRecords)],
      ...['--warmup-records', String(load.warmupRecords)],
      ...['--record-size', String(load.recordBytes)],
      ...['--throughput', String(load.rate ?? -1)],
      ...['--command-property', 'acks=all', 'enable.idempotence=true'],
      `compression.type=${load.compression}`,
    ]);
    return parseProducer(output);
  }

  /**
   * kafka-consumer-perf-test; MB (2^20 bytes) a second, without the time the group took to form.
   */
  async consume(port: number, topic: string, records: number): Promise<number> {
    const output = await this.#run('ConsumerPerformance', [
      ...['--bootstrap-server', `127.0.0.1:${port}`, '--topic', topic],
      ...['--num-records', String(records), '--timeout', '30000'],
    ]);
    return parseConsumer(output, records);
  }

  /** kafka-e2e-latency with acks=all; the mean, ms. */
  async endToEnd(port: number, topic: string, records: number): Promise<number> {
    const args = [`127.0.0.1:${port}`, topic, String(records), 'all', '1024'];
    return parseEndToEnd(await this.#run('EndToEndLatency', args));
  }

  async #run(name: string, args: string[]): Promise<string> {
    const program = `org.apache.kafka.tools.${name}`;
    // As Kafka's own scripts start it.
    const java = ['-Xmx512M', ...JVM_ARGUMENTS, '-cp', this.#classPath, program];
    const { stdout } = await run('java', [...java, ...args], { deadlineMs: DEADLINE_MS });
    return stdout;
  }
}

/** @throws Error when the output is not what the tool prints at its end */
export function parseProducer(output: string): ProducerFigures {
  const line = output.split('\n').findLast((each) => each.includes('steady state records sent'));
  const match =
    /([\d.]+) records\/sec \([\d.]+ MB\/sec\), .*?, ([\d.]+) ms 99th,/.exec(line ?? '') ??
    undefined;
  if (match === undefined) throw new Error(`ProducerPerformance said:\n${output}`);
  return { recordsPerSecond: Number(match[1]), latencyMsP99: Number(match[2]) };
}

/** @throws Error when the output is not what the tool prints, or not all records came */
export function parseConsumer(output: string, records: number): number {
  const lines = output.trim().split('\n');
  const names = lines.find((line) => line.startsWith('start.time'))?.split(', ') ?? [];
  const values = lines.at(-1)!.split(', ');
  const value = (name: string) => Number(values[names.indexOf(name)]);
  const rate = value('fetch.MB.sec');
  if (!(rate > 0)) throw new Error(`ConsumerPerformance said:\n${output}`);
  if (value('data.consumed.in.nMsg') < records) {
    throw new Error(`ConsumerPerformance got too few records:\n${output}`);
  }
  return rate;
}

/** @throws Error when the output is not what the tool prints */
export function parseEndToEnd(output: string): number {
  const mean = /Avg latency: ([\d.]+) ms/.exec(output)?.[1];
  if (mean === undefined) throw new Error(`EndToEndLatency said:\n${output}`);
  return Number(mean);
}
