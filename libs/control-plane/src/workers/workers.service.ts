import { Injectable } from '@nestjs/common';
import { ControlDatabase } from '@penstock/platform';
import { isRecent, machineMs } from '../clock/index.ts';

/** A worker beats once a second; one that missed ten beats counts as gone. */
export const WORKER_ALIVE_MS = 10_000;
/** Rows of workers that are gone are forgotten after a day. */
const WORKER_KEPT_MS = 24 * 60 * 60 * 1_000;

/** Value of the column `redis` when there is no problem; otherwise the column holds the problem. */
const CONNECTED = 'connected';

/** What a worker says of itself, once a second. */
export interface WorkerHeartbeat {
  readonly id: string;
  readonly pid: number;
  readonly host: string;
  /** Milliseconds since epoch. */
  readonly startedAt: number;
  /** Why it cannot use Redis; null when it can. */
  readonly redisProblem: string | null;
  /** Batch slots in use, and in all. */
  readonly slotsBusy: number;
  readonly slots: number;
}

export interface WorkerView extends WorkerHeartbeat {
  /** Milliseconds since epoch of the newest heartbeat. */
  readonly seenAt: number;
  readonly alive: boolean;
  readonly redisConnected: boolean;
}

/** The worker processes, known by their heartbeats in control.db. */
@Injectable()
export class WorkersService {
  readonly #database: ControlDatabase;

  constructor(database: ControlDatabase) {
    this.#database = database;
  }

  /** Records that a worker is there. Rejects when control.db cannot be written. */
  async heartbeat(beat: WorkerHeartbeat): Promise<void> {
    const row = {
      pid: beat.pid,
      host: beat.host,
      startedAt: BigInt(beat.startedAt),
      seenAt: BigInt(Date.now()),
      beatMs: BigInt(machineMs()),
      redis: beat.redisProblem ?? CONNECTED,
      slotsBusy: beat.slotsBusy,
      slots: beat.slots,
    };
    await this.#database.worker.upsert({
      where: { id: beat.id },
      create: { id: beat.id, ...row },
      update: row,
    });
  }

  /** Takes a worker that ends in order off the list. */
  async leave(id: string): Promise<void> {
    await this.#database.worker.deleteMany({ where: { id } });
  }

  /** Forgets the workers that are gone for a day, or since before the machine started. */
  async forgetGone(): Promise<void> {
    const now = machineMs();
    await this.#database.worker.deleteMany({
      where: { NOT: { beatMs: { gt: BigInt(now - WORKER_KEPT_MS), lte: BigInt(now) } } },
    });
  }

  /** All workers seen within a day, the longest running first. */
  async list(): Promise<WorkerView[]> {
    const now = machineMs();
    const rows = await this.#database.worker.findMany({
      orderBy: [{ startedAt: 'asc' }, { id: 'asc' }],
    });
    const kept = rows.filter((row) => isRecent(row.beatMs, now, WORKER_KEPT_MS));
    return kept.map((row) => ({
      id: row.id,
      pid: row.pid,
      host: row.host,
      startedAt: Number(row.startedAt),
      seenAt: Number(row.seenAt),
      redisProblem: row.redis === CONNECTED ? null : row.redis,
      redisConnected: row.redis === CONNECTED,
      slotsBusy: row.slotsBusy,
      slots: row.slots,
      alive: isRecent(row.beatMs, now, WORKER_ALIVE_MS),
    }));
  }

  /** The workers that beat within the last {@link WORKER_ALIVE_MS}, the longest running first. */
  async alive(): Promise<WorkerView[]> {
    return (await this.list()).filter((worker) => worker.alive);
  }
}
