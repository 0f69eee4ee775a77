import { Injectable } from '@nestjs/common';
import { ControlDatabase } from '@penstock/platform';
import { ClockWatch } from '../clock/index.ts';
import {
  chooseGrid,
  type SeriesKind,
  type SeriesMetric,
  type Tier,
  TIERS,
  toColumns,
} from './history-tiers.ts';

/** Series written per second; beyond it the partitions of groups are left out, totals never. */
export const SERIES_PER_SAMPLE_MAX = 5_000;
export const HISTORY_SERIES_MAX = 50;
export const HISTORY_POINTS_MAX = 2_000;
const POINTS_DEFAULT = 900;

export interface SeriesKey {
  readonly kind: SeriesKind;
  /** `*` of a total, topic name, group id, or `group/topic/partition`. */
  readonly subject: string;
  readonly metric: SeriesMetric;
}

/** Rates in records per second, lag in records. */
export interface SeriesValue extends SeriesKey {
  readonly value: number;
}

export interface HistoryColumns extends SeriesKey {
  /** Starts of buckets, ms since epoch. */
  readonly at: number[];
  /** Null where nothing was measured. */
  readonly value: (number | null)[];
}

/**
 * Past throughput and lag, in control.db.
 *
 * Each second's samples go in as one statement. The coarser tiers are made from the finer by one
 * statement each when a bucket is complete, so nothing is kept in memory that a crash could lose: a
 * start takes up where the last finished bucket ended.
 *
 * The clock may be set. When it reaches a time for the second time, new samples replace those
 * recorded for that time. Samples recorded while the clock was ahead are deleted when it is set
 * right; so that no such time passes unseen, the clock is looked at before each record. Each
 * pruning deletes at most twice the time since the one before it, so a clock that is ahead for a
 * minute costs minutes of the past, not all of it.
 */
@Injectable()
export class HistoryService {
  readonly #database: ControlDatabase;
  readonly #clock: ClockWatch;
  /** The write that is under way: a deletion must not come between the statements of a record. */
  #writing: Promise<void> = Promise.resolve();
  /** End of the last bucket that was made, by tier; null until it was looked up. */
  #rolledUpTo: Map<number, number> | null = null;
  /**
   * Start of the newest bucket of any tier; null until it was looked up. It lies before now unless
   * the clock went back: then samples may exist for the time that is recorded again.
   */
  #newestAt: number | null = null;

  constructor(database: ControlDatabase, clock: ClockWatch) {
    this.#database = database;
    this.#clock = clock;
    clock.onJump(async ({ now, aheadFrom }) => {
      if (aheadFrom !== null) {
        await this.#inTurn(() => this.#forgetFrom(Math.max(now, aheadFrom)));
      }
    });
  }

  /**
   * Keeps one second's values.
   *
   * @param at when they were measured, ms since epoch; belongs to the nearest whole second, since
   *   the sampler aims at those. Values of a time to come are not kept: they were measured while
   *   the clock was ahead, and it was set right since.
   */
  async record(at: number, values: readonly SeriesValue[]): Promise<void> {
    await this.#clock.look();
    await this.#inTurn(async () => {
      if (at <= Date.now()) await this.#record(at, values);
    });
  }

  async #record(at: number, values: readonly SeriesValue[]): Promise<void> {
    const second = Math.round(at / 1_000) * 1_000;
    const kept = values.slice(0, SERIES_PER_SAMPLE_MAX);
    const rows = kept.map(({ kind, subject, metric, value }) => [kind, subject, metric, value]);
    const newestAt = (this.#newestAt ??= await this.#lookUpNewest());
    if (second <= newestAt) {
      await this.#database.sample.deleteMany({ where: { tierSeconds: 1, at: BigInt(second) } });
    }
    await this.#database.$executeRawUnsafe(
      `INSERT OR REPLACE INTO "Sample" ("tierSeconds", "at", "kind", "subject", "metric", "value")
       SELECT 1, ?, json_extract(value, '$[0]'), json_extract(value, '$[1]'),
              json_extract(value, '$[2]'), json_extract(value, '$[3]') FROM json_each(?)`,
      BigInt(second),
      JSON.stringify(rows),
    );
    await this.#rollUp(second);
    this.#newestAt = Math.max(newestAt, second);
  }

  /** Series over a range, on the grid of the tier that fits; see {@link chooseGrid}. */
  async query(input: {
    series: readonly SeriesKey[];
    from: number;
    to?: number | null;
    maxPoints?: number | null;
  }): Promise<{ tierSeconds: number; series: HistoryColumns[] }> {
    const now = Date.now();
    const to = Math.min(input.to ?? now, now);
    const from = Math.max(input.from, now - TIERS[2].keptMs);
    const maxPoints = clamp(input.maxPoints ?? POINTS_DEFAULT, 1, HISTORY_POINTS_MAX);
    const grid = chooseGrid({ from, to, now, maxPoints });
    const series = await Promise.all(
      input.series.slice(0, HISTORY_SERIES_MAX).map(async (key) => {
        const samples = await this.#samples(key, grid.tierSeconds, grid.from, to);
        const columns = toColumns(samples, grid, key.metric);
        return { ...key, ...trimPending(columns, now, grid.stepMs) };
      }),
    );
    return { tierSeconds: grid.tierSeconds, series };
  }

  async #samples(key: SeriesKey, tierSeconds: number, from: number, to: number) {
    const rows = await this.#database.$queryRawUnsafe<{ at: bigint | number; value: number }[]>(
      `SELECT "at", "value" FROM "Sample"
       WHERE "tierSeconds" = ? AND "kind" = ? AND "subject" = ? AND "metric" = ?
         AND "at" >= ? AND "at" < ? ORDER BY "at"`,
      tierSeconds,
      key.kind,
      key.subject,
      key.metric,
      BigInt(Math.floor(from)),
      BigInt(Math.ceil(to)),
    );
    return rows.map((row) => ({ at: Number(row.at), value: row.value }));
  }

  /** Makes the buckets that were completed before `second`, and forgets what is too old. */
  async #rollUp(second: number): Promise<void> {
    const done = (this.#rolledUpTo ??= await this.#lookUpDone(second));
    for (const [index, tier] of TIERS.entries()) {
      const finer = TIERS[index - 1];
      if (finer === undefined) {
        continue;
      }
      const tierMs = tier.seconds * 1_000;
      const completeTo = Math.floor(second / tierMs) * tierMs;
      const from = done.get(tier.seconds) ?? 0;
      if (completeTo <= from) {
        // After the clock went back, buckets are made again from its present time on.
        done.set(tier.seconds, completeTo);
        continue;
      }
      if (second <= (this.#newestAt ?? 0)) {
        await this.#database.$executeRawUnsafe(
          `DELETE FROM "Sample" WHERE "tierSeconds" = ${tier.seconds} AND "at" IN
             (SELECT ("at" / ${tierMs}) * ${tierMs} FROM "Sample"
              WHERE "tierSeconds" = ${finer.seconds} AND "at" >= ? AND "at" < ?)`,
          BigInt(from),
          BigInt(completeTo),
        );
      }
      await this.#database.$executeRawUnsafe(
        `INSERT OR REPLACE INTO "Sample" ("tierSeconds", "at", "kind", "subject", "metric", "value")
         SELECT ${tier.seconds}, ("at" / ${tierMs}) * ${tierMs}, "kind", "subject", "metric",
                CASE "metric" WHEN 'lag' THEN max("value") ELSE avg("value") END
         FROM "Sample" WHERE "tierSeconds" = ${finer.seconds} AND "at" >= ? AND "at" < ?
         GROUP BY "at" / ${tierMs}, "kind", "subject", "metric"`,
        BigInt(from),
        BigInt(completeTo),
      );
      done.set(tier.seconds, completeTo);
      await this.#prune(finer, second);
      await this.#prune(tier, second);
    }
  }

  async #prune(tier: Tier, now: number): Promise<void> {
    const tierSeconds = tier.seconds;
    const oldest = await this.#database.sample.findFirst({
      where: { tierSeconds },
      orderBy: { at: 'asc' },
      select: { at: true },
    });
    if (oldest === null) {
      return;
    }
    const before = Math.min(now - tier.keptMs, Number(oldest.at) + 2 * pruneIntervalMs(tier));
    await this.#database.sample.deleteMany({ where: { tierSeconds, at: { lt: BigInt(before) } } });
  }

  /** Runs after the writes before it; one that failed holds back none of the next. */
  #inTurn(write: () => Promise<void>): Promise<void> {
    const result = this.#writing.then(write);
    this.#writing = result.catch(() => undefined);
    return result;
  }

  /** Deletes the buckets that contain a time or come after it; an unfinished one is made again. */
  async #forgetFrom(at: number): Promise<void> {
    for (const tier of TIERS) {
      const tierMs = tier.seconds * 1_000;
      await this.#database.sample.deleteMany({
        where: { tierSeconds: tier.seconds, at: { gte: BigInt(Math.floor(at / tierMs) * tierMs) } },
      });
    }
  }

  async #lookUpNewest(): Promise<number> {
    const newest = await Promise.all(
      TIERS.map((tier) =>
        this.#database.sample.findFirst({
          where: { tierSeconds: tier.seconds },
          orderBy: { at: 'desc' },
          select: { at: true },
        }),
      ),
    );
    return Math.max(0, ...newest.map((sample) => Number(sample?.at ?? 0)));
  }

  /** Buckets after now were made while the clock was ahead and do not count as done. */
  async #lookUpDone(now: number): Promise<Map<number, number>> {
    const done = new Map<number, number>();
    for (const tier of TIERS.slice(1)) {
      const newest = await this.#database.sample.findFirst({
        where: { tierSeconds: tier.seconds, at: { lte: BigInt(now) } },
        orderBy: { at: 'desc' },
        select: { at: true },
      });
      done.set(tier.seconds, newest === null ? 0 : Number(newest.at) + tier.seconds * 1_000);
    }
    return done;
  }
}

/** How often samples of a tier are pruned: with each bucket of the next tier, or of the last. */
function pruneIntervalMs(tier: Tier): number {
  return Math.max(tier.seconds, TIERS[1].seconds) * 1_000;
}

/** The last buckets before now are unfinished rather than missing, so they are left off. */
function trimPending(
  columns: { at: number[]; value: (number | null)[] },
  now: number,
  stepMs: number,
): { at: number[]; value: (number | null)[] } {
  let length = columns.at.length;
  while (
    length > 0 &&
    columns.value[length - 1] === null &&
    (columns.at[length - 1] ?? 0) + 2 * stepMs + 1_000 > now
  ) {
    length -= 1;
  }
  return { at: columns.at.slice(0, length), value: columns.value.slice(0, length) };
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(Math.floor(value), min), max);
}
