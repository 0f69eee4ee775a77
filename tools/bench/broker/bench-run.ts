import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrokerName, RunningBroker } from './brokers.ts';
import type { KafkaTools } from './kafka-tools.ts';
import type { Options } from './options.ts';
import { cpuSeconds } from './process-usage.ts';
import { inTurn } from './statistics.ts';
import type { Row, Target } from './table.ts';

/** The result of one use of a broker. */
export interface Sample {
  /** In the row's unit. */
  readonly value: number;
  /** Bytes of record values that the broker took or gave; for CPU seconds per GB. */
  readonly bytes?: number;
}

/** A comparison that is made several times. */
export interface Comparison {
  readonly name: string;
  readonly unit: string;
  readonly target: Target;
  /** The broker's CPU per GB becomes a row too. */
  readonly cpuTarget?: Target;
  /** Uses the broker once; `attempt` is unique within the run. */
  measure(broker: RunningBroker, attempt: string): Promise<Sample>;
}

type Values = Record<BrokerName, number[]>;

/** One run of the benchmark: its options, where its raw numbers go, and its rows so far. */
export class BenchRun {
  readonly options: Options;
  readonly tools: KafkaTools;
  /** Data of the brokers; removed at the end. */
  readonly folder: string;
  readonly rows: Row[] = [];
  readonly #results: string;
  #attempts = 0;

  constructor(parts: { options: Options; tools: KafkaTools; folder: string; results: string }) {
    this.options = parts.options;
    this.tools = parts.tools;
    this.folder = parts.folder;
    this.#results = parts.results;
    mkdirSync(this.#results, { recursive: true });
    const columns = 'row,broker,pair,value,unit,cpu_seconds_per_gb,seconds,at';
    writeFileSync(join(this.#results, 'samples.csv'), `${columns}\n`);
  }

  /** A number of records; a quarter of it in a quick run. */
  scaled(records: number): number {
    return Math.round(this.options.isQuick ? records / 4 : records);
  }

  say(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  add(...rows: Row[]): void {
    this.rows.push(...rows);
    writeFileSync(join(this.#results, 'rows.json'), JSON.stringify(this.rows, null, 2));
  }

  /**
   * Measures the brokers in turn (ABBA), as often as the options say, after one discarded use of
   * each, and adds the rows of the result.
   */
  async compare(brokers: readonly RunningBroker[], comparison: Comparison): Promise<void> {
    const { name, unit, target, cpuTarget } = comparison;
    const values: Values = { kafka: [], penstock: [], null: [] };
    const cpu: Values = { kafka: [], penstock: [], null: [] };
    for (let pair = 0; pair < this.options.pairs; pair++) {
      for (const broker of inTurn(brokers, pair)) {
        const used = await this.#use(broker, comparison, pair);
        values[broker.name].push(used.value);
        if (used.cpuPerGb !== undefined) cpu[broker.name].push(used.cpuPerGb);
      }
    }
    const names = brokers.map((broker) => broker.name);
    this.add({ name, unit, target, values: pick(values, names) });
    if (cpuTarget === undefined) return;
    const cpuValues = pick(cpu, names);
    this.add({ name: `${name}: broker CPU`, unit: 's/GB', target: cpuTarget, values: cpuValues });
  }

  async #use(broker: RunningBroker, { name, unit, measure }: Comparison, pair: number) {
    broker.assertAlive();
    const cpuBefore = cpuSeconds(broker.pid);
    const startedAt = performance.now();
    const { value, bytes } = await measure(broker, String(this.#attempts++));
    const seconds = (performance.now() - startedAt) / 1000;
    const used = cpuSeconds(broker.pid) - cpuBefore;
    const cpuPerGb = bytes === undefined ? undefined : used / (bytes / 1e9);
    const fields = [`"${name}"`, broker.name, pair, value, unit, cpuPerGb?.toFixed(3) ?? ''];
    const line = [...fields, seconds.toFixed(1), new Date().toISOString()].join(',');
    appendFileSync(join(this.#results, 'samples.csv'), `${line}\n`);
    const cpuText = cpuPerGb === undefined ? '' : `, ${cpuPerGb.toFixed(2)} CPU s/GB`;
    this.say(`  ${name}, ${broker.name}: ${value.toFixed(2)} ${unit}${cpuText}`);
    return { value, cpuPerGb };
  }
}

function pick(values: Values, names: readonly BrokerName[]): Partial<Values> {
  return Object.fromEntries(names.map((name) => [name, values[name]]));
}
