import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually, externalTool, type Ledger } from '@penstock/testing';
import { TOPIC } from './broker.ts';

export interface KcatProducerOptions {
  readonly bootstrapServers: string;
  readonly name: string;
  readonly ledger: Ledger;
  readonly partition: number;
  readonly idempotent?: boolean;
}

const UNDER_WAY_MAX = 500;
const LINES_PER_TURN = 10;

/**
 * librdkafka as many services use it: it retries for ever. One partition, and settings that
 * guarantee the order, so that the n-th delivery report is that of the n-th line.
 */
export class KcatProducer implements AsyncDisposable {
  readonly #options: KcatProducerOptions;
  readonly #child: ChildProcess;
  readonly #sent: string[] = [];
  #reported = 0;
  #stop = false;
  #running: Promise<void> | undefined;

  constructor(options: KcatProducerOptions) {
    this.#options = options;
    const { bootstrapServers, partition, idempotent = false } = options;
    const settings = [
      'acks=all',
      'topic.produce.offset.report=true',
      'message.timeout.ms=0',
      'linger.ms=2',
      'retry.backoff.ms=20',
      'reconnect.backoff.ms=20',
      'reconnect.backoff.max.ms=100',
      ...(idempotent
        ? ['enable.idempotence=true']
        : ['max.in.flight=1', 'message.send.max.retries=1000000']),
    ];
    // -E: a broker that is down is no reason to end.
    const args = ['-P', '-E', '-vv', '-b', bootstrapServers, '-t', TOPIC, '-p', String(partition)];
    this.#child = spawn(externalTool('kcat')!, [
      ...args,
      ...settings.flatMap((setting) => ['-X', setting]),
    ]);
    let rest = '';
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop()!;
      for (const line of lines) this.#read(line);
    });
    this.#child.stdout!.resume();
    this.#child.stdin!.on('error', () => undefined);
  }

  #read(line: string): void {
    const { ledger, partition } = this.#options;
    if (line.includes('Delivery failed')) {
      ledger.contradictions.push(`kcat gave a record up: ${line}`);
      this.#reported++;
    }
    const offset = /Message delivered to partition \d+ \(offset (-?\d+)\)/.exec(line)?.[1];
    if (offset === undefined) return;
    const value = this.#sent[this.#reported++]!;
    ledger.acknowledge(partition, Math.max(-1, Number(offset)), value);
  }

  start(): this {
    this.#running = this.#run();
    return this;
  }

  async #run(): Promise<void> {
    const { ledger, name } = this.#options;
    while (!this.#stop) {
      // kcat looks for delivery reports after each line it read: without lines there are none.
      const isFull = this.#sent.length - this.#reported >= UNDER_WAY_MAX;
      const length = isFull ? 1 : LINES_PER_TURN;
      const values = Array.from({ length }, () => ledger.attempt(name));
      this.#sent.push(...values);
      this.#child.stdin!.write(values.map((value) => `${value}\n`).join(''));
      await delay(isFull ? 50 : 5);
    }
  }

  /** Ends the load once everything has been delivered. */
  async stop(): Promise<void> {
    this.#stop = true;
    await this.#running;
    this.#child.stdin!.end();
    await eventually(() => this.#reported === this.#sent.length, {
      deadlineMs: 60_000,
      what: `delivery of all ${this.#sent.length} records by kcat (${this.#reported} reported)`,
    });
    if (this.#child.exitCode === null) await once(this.#child, 'close');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'close');
  }
}
