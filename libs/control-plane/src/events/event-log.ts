import { Injectable } from '@nestjs/common';
import { ControlDatabase } from '@penstock/platform';
import { type EventKind, isEventKind } from './event-kinds.ts';

/** Events kept; older ones are forgotten, so that the table cannot grow without bound. */
export const EVENTS_KEPT_MAX = 10_000;
const PRUNE_EVERY_APPENDS = 200;
const TAIL_PAGE_SIZE = 200;
const LIST_SIZE_MAX = 500;
/** A message is a sentence for a person; what is longer belongs into `data`. */
const MESSAGE_LENGTH_MAX = 2_000;
/** Subjects whose newest passing entry is remembered for those who follow. */
const PASSING_MAX = 200;

/** One thing that happened. Ids ascend in the order of commit. */
export interface EventEntry {
  readonly id: number;
  /** Milliseconds since epoch. */
  readonly at: number;
  readonly kind: EventKind;
  /** What it is about: group id, run id, process name, topic, pipeline. */
  readonly subject: string;
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface PipelinesProblem {
  readonly message: string;
  /** Milliseconds since epoch. */
  readonly at: number;
}

type Passing = Omit<EventEntry, 'id'>;

export interface EventPage {
  readonly nodes: EventEntry[];
  readonly totalCount: number;
  readonly endCursor: string | null;
  readonly hasNextPage: boolean;
}

/**
 * The append-only log of what happened, in control.db. api and worker both append; api's
 * `events` subscription tails it.
 *
 * A tail holds no buffer: each reader keeps the id it has seen and reads the table from there, so a
 * slow reader costs nothing but its own delay, and one that comes back later misses nothing that is
 * still kept. What passes (`tell`) is the exception: followers hear the newest of a subject, and
 * it is not kept.
 */
@Injectable()
export class EventLog {
  readonly #database: ControlDatabase;
  #appends = 0;
  #sleepers = new Set<() => void>();
  /** The newest passing entry of each subject, the oldest first. */
  readonly #passing = new Map<string, { readonly seq: number; readonly entry: Passing }>();
  #passingSeq = 0;

  constructor(database: ControlDatabase) {
    this.#database = database;
  }

  /**
   * Records that something happened and wakes the readers in this process. Rejects when control.db
   * cannot be written.
   *
   * @param data detail for programs, stored as JSON
   * @param at when it happened, ms since epoch
   */
  async append(
    kind: EventKind,
    subject: string,
    message: string,
    data: Record<string, unknown> = {},
    at: number = Date.now(),
  ): Promise<EventEntry> {
    const row = await this.#database.event.create({
      data: {
        at: BigInt(at),
        kind,
        subject,
        message: message.slice(0, MESSAGE_LENGTH_MAX),
        data: JSON.stringify(data),
      },
    });
    this.wake();
    this.#appends += 1;
    if (this.#appends % PRUNE_EVERY_APPENDS === 0) {
      await this.prune();
    }
    return toEntry(row);
  }

  /**
   * Records once what several processes notice at the same time: only the first of them writes it.
   *
   * @param noticed when this process noticed it, on the machine's monotonic clock, and how close in
   *   time two events of the same kind are one
   */
  async appendOnce(
    event: { kind: EventKind; subject: string; message: string; data: Record<string, unknown> },
    noticed: { machineMs: number; withinMs: number },
  ): Promise<void> {
    const data = JSON.stringify({ ...event.data, machineMs: noticed.machineMs });
    await this.#database.$executeRaw`
      INSERT INTO "Event" ("at", "kind", "subject", "message", "data")
      SELECT ${BigInt(Date.now())}, ${event.kind}, ${event.subject}, ${event.message}, ${data}
      WHERE NOT EXISTS (
        SELECT 1 FROM "Event" WHERE "kind" = ${event.kind} AND "subject" = ${event.subject}
          AND abs(json_extract("data", '$.machineMs') - ${noticed.machineMs})
              < ${noticed.withinMs})`;
    this.wake();
  }

  /**
   * Tells those who follow in this process how something goes on. It is no event of the log: it is
   * neither kept nor counted, and a reader that is slow hears the newest of a subject only.
   */
  tell(kind: EventKind, subject: string, message: string): void {
    const key = `${kind} ${subject}`;
    this.#passingSeq += 1;
    this.#passing.delete(key);
    const entry = { at: Date.now(), kind, subject, message, data: {} };
    this.#passing.set(key, { seq: this.#passingSeq, entry });
    const [oldest] = this.#passing.keys();
    if (this.#passing.size > PASSING_MAX && oldest !== undefined) {
      this.#passing.delete(oldest);
    }
    this.wake();
  }

  /** Newest first. `after` is the cursor of the page before: the id of its last (oldest) event. */
  async list(options: {
    first?: number;
    after?: string | null;
    subject?: string | null;
  }): Promise<EventPage> {
    const first = Math.min(Math.max(options.first ?? 50, 0), LIST_SIZE_MAX);
    const ofSubject = options.subject == null ? {} : { subject: options.subject };
    const cursor = eventIdOf(options.after);
    const older = cursor === null ? {} : { id: { lt: cursor } };
    const [rows, totalCount] = await Promise.all([
      this.#database.event.findMany({
        where: { ...ofSubject, ...older },
        orderBy: { id: 'desc' },
        take: first + 1,
      }),
      this.#database.event.count({ where: ofSubject }),
    ]);
    const nodes = rows.slice(0, first).map(toEntry);
    const last = nodes.at(-1);
    return {
      nodes,
      totalCount,
      endCursor: last === undefined ? null : String(last.id),
      hasNextPage: rows.length > first,
    };
  }

  /**
   * Every event after `after` (an event id; without it, from now on), oldest first, then as they
   * happen, until the iterator is returned.
   */
  tail(after: string | null): AsyncIterableIterator<EventEntry> {
    const stop = new AbortController();
    const events = this.#follow(after, stop.signal);
    const iterator: AsyncIterableIterator<EventEntry> = {
      next: () => events.next(),
      return: async () => {
        // A waiting generator handles `return` only when its wait is over: the abort ends the wait.
        stop.abort();
        return await events.return(undefined);
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  async *#follow(
    after: string | null,
    signal: AbortSignal,
  ): AsyncGenerator<EventEntry, undefined, undefined> {
    let heard = this.#passingSeq;
    let seen = eventIdOf(after) ?? (await this.newestId());
    while (!signal.aborted) {
      // The wait begins before the table is read: an event committed between the read and the sleep
      // has already resolved it, so the loop reads again instead of sleeping past it.
      const woken = this.#sleep(signal);
      const rows = await this.#database.event.findMany({
        where: { id: { gt: seen } },
        orderBy: { id: 'asc' },
        take: TAIL_PAGE_SIZE,
      });
      for (const row of rows) {
        if (signal.aborted) {
          return undefined;
        }
        seen = row.id;
        yield toEntry(row);
      }
      const passing = [...this.#passing.values()].filter(({ seq }) => seq > heard);
      heard = this.#passingSeq;
      for (const { entry } of passing) {
        // It has no id of its own: whoever goes on after it misses no event.
        yield { id: seen, ...entry };
      }
      if (rows.length < TAIL_PAGE_SIZE) {
        await woken;
      }
    }
    return undefined;
  }

  /** Id of the newest event, 0 when there is none. */
  async newestId(): Promise<number> {
    const newest = await this.#database.event.findFirst({
      orderBy: { id: 'desc' },
      select: { id: true },
    });
    return newest?.id ?? 0;
  }

  /** Why the pipelines' sources could not be taken up last; null when they were. */
  async pipelinesProblem(): Promise<PipelinesProblem | null> {
    const newest = await this.#database.event.findFirst({
      where: { kind: { in: ['PIPELINES_RELOADED', 'PIPELINES_REFUSED'] satisfies EventKind[] } },
      orderBy: { id: 'desc' },
    });
    return newest?.kind === 'PIPELINES_REFUSED'
      ? { message: newest.message, at: Number(newest.at) }
      : null;
  }

  /** When the newest event was recorded, ms since epoch; null when there is none. */
  async newestAt(): Promise<number | null> {
    const newest = await this.#database.event.findFirst({
      orderBy: { id: 'desc' },
      select: { at: true },
    });
    return newest === null ? null : Number(newest.at);
  }

  /** Makes every tail look at the table: control.db was changed, here or by another process. */
  wake(): void {
    const sleepers = this.#sleepers;
    this.#sleepers = new Set();
    for (const wakeUp of sleepers) {
      wakeUp();
    }
  }

  /** Forgets all but the newest {@link EVENTS_KEPT_MAX} events: one range delete by primary key. */
  async prune(): Promise<void> {
    const newest = await this.newestId();
    await this.#database.event.deleteMany({ where: { id: { lte: newest - EVENTS_KEPT_MAX } } });
  }

  #sleep(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wakeUp = (): void => {
        signal.removeEventListener('abort', wakeUp);
        this.#sleepers.delete(wakeUp);
        resolve();
      };
      this.#sleepers.add(wakeUp);
      signal.addEventListener('abort', wakeUp, { once: true });
      if (signal.aborted) {
        wakeUp();
      }
    });
  }
}

function eventIdOf(cursor: string | null | undefined): number | null {
  if (cursor == null || !/^\d{1,15}$/.test(cursor)) {
    return null;
  }
  return Number(cursor);
}

interface EventRow {
  id: number;
  at: bigint;
  kind: string;
  subject: string;
  message: string;
  data: string;
}

function toEntry(row: EventRow): EventEntry {
  if (!isEventKind(row.kind)) {
    throw new Error(`control.db holds an event of the unknown kind "${row.kind}" (id ${row.id})`);
  }
  return {
    id: row.id,
    at: Number(row.at),
    kind: row.kind,
    subject: row.subject,
    message: row.message,
    data: JSON.parse(row.data) as Record<string, unknown>,
  };
}
