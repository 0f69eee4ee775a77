import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { ControlDatabase, Logger, WriteQueue } from '@penstock/platform';

export type LogLevel = 'info' | 'warn' | 'error';

interface NewLine {
  readonly runId: string;
  readonly attempt: number;
  readonly at: number;
  readonly level: LogLevel;
  readonly text: string;
}

/** Lines that are kept of an attempt; the oldest of more are forgotten. */
export const ATTEMPT_LINES_MAX = 1_000;
const TEXT_LENGTH_MAX = 2_000;
/** Lines that are kept of all attempts together. */
const LINES_MAX = 200_000;
/** Lines are written together: those of this time, and at most so many. */
const GATHER_MS = 100;
const GATHER_MAX = 200;
const WAITING_MAX = 50;

/**
 * Keeps what attempts say of themselves, without making them wait: a line is on its way to
 * control.db within a moment, and the newest of each attempt are kept.
 */
@Injectable()
export class AttemptLog implements OnApplicationShutdown {
  readonly #database: ControlDatabase;
  readonly #queue: WriteQueue<readonly NewLine[]>;
  #gathered: NewLine[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(database: ControlDatabase, logger: Logger) {
    this.#database = database;
    this.#queue = new WriteQueue({
      what: 'log lines of batch runs',
      logger: logger.pino,
      itemsMax: WAITING_MAX,
      write: (lines) => this.#write(lines),
    });
  }

  add(run: { readonly id: string; readonly attempt: number }, level: LogLevel, text: string): void {
    const at = Date.now();
    const cut = text.length > TEXT_LENGTH_MAX ? `${text.slice(0, TEXT_LENGTH_MAX)}…` : text;
    this.#gathered.push({ runId: run.id, attempt: run.attempt, at, level, text: cut });
    if (this.#gathered.length >= GATHER_MAX) {
      this.#flush();
    } else {
      this.#timer ??= setTimeout(() => this.#flush(), GATHER_MS);
    }
  }

  async onApplicationShutdown(): Promise<void> {
    this.#flush();
    await this.#queue.stop();
  }

  #flush(): void {
    if (this.#timer !== null) {
      clearTimeout(this.#timer);
      this.#timer = null;
    }
    if (this.#gathered.length > 0) {
      this.#queue.add(this.#gathered);
      this.#gathered = [];
    }
  }

  async #write(lines: readonly NewLine[]): Promise<void> {
    // A line of a run that was removed meanwhile is left out, not those beside it.
    await this.#database.$executeRaw`
      INSERT INTO "BatchLogLine" ("runId", "attempt", "at", "level", "text")
      SELECT "value"->>'runId', "value"->>'attempt', "value"->>'at', "value"->>'level',
        "value"->>'text'
      FROM json_each(${JSON.stringify(lines)})
      WHERE EXISTS (SELECT 1 FROM "BatchRun" WHERE "id" = "value"->>'runId')
      ORDER BY "key"`;
    await this.#database.$executeRaw`
      DELETE FROM "BatchLogLine"
      WHERE "id" <= (SELECT MAX("id") FROM "BatchLogLine") - ${LINES_MAX}`;
    const attempts = new Map(lines.map((line) => [`${line.runId}/${line.attempt}`, line]));
    for (const { runId, attempt } of attempts.values()) {
      await this.#database.$executeRaw`
        DELETE FROM "BatchLogLine" WHERE "runId" = ${runId} AND "attempt" = ${attempt}
          AND "id" <= (SELECT "id" FROM "BatchLogLine"
                       WHERE "runId" = ${runId} AND "attempt" = ${attempt}
                       ORDER BY "id" DESC LIMIT 1 OFFSET ${ATTEMPT_LINES_MAX})`;
    }
  }
}
