import { setTimeout as delay } from 'node:timers/promises';
import { Attack } from './attack.ts';
import { BrokerUnderAttack } from './broker-under-attack.ts';
import type { Figures } from './broker-process.ts';
import { Canary } from './canary.ts';
import { tidy } from './janitor.ts';
import { newWorld } from './world.ts';

export interface FuzzOptions {
  readonly seed: number;
  readonly durationMs: number;
  readonly durability?: 'fsync' | 'os';
  /** Called with progress about once a second. */
  readonly onProgress?: (text: string) => void;
}

export interface Finding {
  readonly text: string;
  /** What was sent, in hexadecimal; for what cannot be tied to a request, what was sent last. */
  readonly frames: readonly string[];
}

export interface FuzzResult {
  readonly seed: number;
  readonly findings: readonly Finding[];
  readonly requests: number;
  readonly answers: number;
  readonly closedConnections: number;
  readonly residentBytesMax: number;
  readonly heapGrowthBytes: number;
  readonly busyMsMax: number;
  readonly collectionMsMax: number;
  readonly canaryRecords: number;
  readonly canaryMsMax: number;
}

const ATTACKERS = 6;
const WARM_UP_MS = 2_000;
const MIB = 1024 * 1024;
/**
 * The longest that an event loop may compute in one go, in CPU time, ms. With free cores it stays
 * around 100 (60,000 elements in one request); with six times as many processes as cores, 350 were
 * measured. An event loop that hangs takes seconds.
 */
const BUSY_MS_MAX = 500;
/** One garbage collection, on a machine whose cores are busy with the attack, ms. */
const COLLECTION_MS_MAX = 1_000;
const RESIDENT_BYTES_MAX = 768 * MIB;
const HEAP_GROWTH_BYTES_MAX = 64 * MIB;
const FINDINGS_MAX = 25;
const RECENT_KEPT = 40;
const HEX_MAX = 20_000;

/** Attacks a broker for a time and says what it found. */
export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  return new FuzzRun(options).run();
}

class FuzzRun {
  readonly #options: FuzzOptions;
  readonly #findings: Finding[] = [];
  readonly #recent: string[] = [];
  #figures: Figures | undefined;
  #residentBytesMax = 0;
  #busyMsMax = 0;
  #collectionMsMax = 0;
  #requests = 0;
  #startedAt = performance.now();
  #isDead = false;

  constructor(options: FuzzOptions) {
    this.#options = options;
  }

  async run(): Promise<FuzzResult> {
    const { seed, durationMs, durability = 'os' } = this.#options;
    const broker = await BrokerUnderAttack.start({
      durability,
      onFigures: (figures) => this.#measured(figures),
      onError: (text) => this.#found(`the broker logged an error: ${text}`, this.#recent),
      onDeath: (text) => {
        this.#isDead = true;
        this.#found(`the broker died: ${text}`, this.#recent);
      },
    });
    try {
      const canary = new Canary(broker.port, (text) => this.#found(text, this.#recent));
      await canary.start();
      const heapBefore = await broker.heapAfterCollection();
      this.#startedAt = performance.now();
      const isOver = () =>
        this.#isDead ||
        this.#findings.length >= FINDINGS_MAX ||
        performance.now() - this.#startedAt > durationMs;
      const attacks = await this.#attack(broker.port, seed, isOver);
      if (!this.#isDead) await canary.stop();
      const heapGrowthBytes = this.#isDead ? 0 : (await broker.heapAfterCollection()) - heapBefore;
      if (heapGrowthBytes > HEAP_GROWTH_BYTES_MAX) {
        this.#found(`the heap has grown by ${heapGrowthBytes} bytes`, []);
      }
      return {
        seed,
        findings: this.#findings,
        requests: this.#requests,
        answers: sum(attacks.map((attack) => attack.answers)),
        closedConnections: sum(attacks.map((attack) => attack.closed)),
        residentBytesMax: this.#residentBytesMax,
        heapGrowthBytes,
        busyMsMax: this.#busyMsMax,
        collectionMsMax: this.#collectionMsMax,
        canaryRecords: canary.acknowledged,
        canaryMsMax: canary.longestMs,
      };
    } finally {
      await broker.stop();
    }
  }

  async #attack(port: number, seed: number, isOver: () => boolean): Promise<Attack[]> {
    const world = newWorld();
    const attacks = Array.from(
      { length: ATTACKERS },
      (_, index) =>
        new Attack({
          port,
          seed: seed * 1000 + index,
          world,
          isOver,
          onSend: (frame, what) => this.#remember(frame, what),
          onFinding: (text, frames) =>
            this.#found(
              text,
              frames.map((frame) => hex(frame)),
            ),
        }),
    );
    const runs = [
      tidy(port, world, isOver),
      this.#report(isOver),
      ...attacks.map((attack) => attack.run()),
    ];
    for (const outcome of await Promise.allSettled(runs)) {
      if (outcome.status === 'rejected' && !this.#isDead) {
        this.#found(`an attacker failed: ${(outcome.reason as Error).stack}`, this.#recent);
      }
    }
    return attacks;
  }

  async #report(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await delay(1_000);
      const { residentBytes = 0 } = this.#figures ?? {};
      const seconds = ((performance.now() - this.#startedAt) / 1000).toFixed(0);
      this.#options.onProgress?.(
        `${seconds} s: ${this.#requests} requests, ${(residentBytes / MIB).toFixed(0)} MiB, ` +
          `busy ${this.#busyMsMax.toFixed(0)} ms at most, ${this.#findings.length} findings`,
      );
    }
  }

  #measured(figures: Figures): void {
    this.#figures = figures;
    this.#residentBytesMax = Math.max(this.#residentBytesMax, figures.residentBytes);
    if (performance.now() - this.#startedAt < WARM_UP_MS) return;
    const { busyMs, collectionMs } = figures;
    this.#busyMsMax = Math.max(this.#busyMsMax, busyMs);
    this.#collectionMsMax = Math.max(this.#collectionMsMax, collectionMs);
    if (busyMs > BUSY_MS_MAX) {
      this.#found(`the event loop was busy for ${busyMs.toFixed(0)} ms`, this.#recent);
    }
    if (collectionMs > COLLECTION_MS_MAX) {
      this.#found(`a garbage collection took ${collectionMs.toFixed(0)} ms`, this.#recent);
    }
    if (figures.residentBytes > RESIDENT_BYTES_MAX) {
      this.#found(`${(figures.residentBytes / MIB).toFixed(0)} MiB are resident`, this.#recent);
    }
  }

  #remember(frame: Buffer, what: string): void {
    this.#requests += 1;
    this.#recent.push(`${what}: ${hex(frame).slice(0, 400)}`);
    if (this.#recent.length > RECENT_KEPT) this.#recent.shift();
  }

  #found(text: string, frames: readonly string[]): void {
    if (this.#findings.length < FINDINGS_MAX) this.#findings.push({ text, frames: [...frames] });
  }
}

function hex(frame: Buffer): string {
  return frame.subarray(0, HEX_MAX).toString('hex') + (frame.length > HEX_MAX ? '…' : '');
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
