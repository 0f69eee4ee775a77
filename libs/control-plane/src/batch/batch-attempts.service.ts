import { Injectable } from '@nestjs/common';
import { ControlDatabase } from '@penstock/platform';
import type { LogLevel } from './attempt-log.ts';
import type { AttemptOutcome } from './batch-attempts.ts';

/** One try at a run. Times are milliseconds since epoch. */
export interface BatchAttemptView {
  /** From 1. */
  readonly number: number;
  readonly generation: number;
  readonly startedAt: number;
  readonly finishedAt: number | null;
  /** Null while it lasts. */
  readonly outcome: AttemptOutcome | null;
  readonly error: string | null;
}

export interface LogLine {
  readonly at: number;
  readonly level: LogLevel;
  readonly text: string;
}

/** The attempts of runs, and what they said of themselves. */
@Injectable()
export class BatchAttemptsService {
  readonly #database: ControlDatabase;

  constructor(database: ControlDatabase) {
    this.#database = database;
  }

  /** In order. */
  async list(runId: string): Promise<BatchAttemptView[]> {
    const rows = await this.#database.batchAttempt.findMany({
      where: { runId },
      orderBy: { attempt: 'asc' },
    });
    return rows.map((row) => ({
      number: row.attempt,
      generation: row.generation,
      startedAt: Number(row.startedAt),
      finishedAt: row.finishedAt === null ? null : Number(row.finishedAt),
      outcome: row.outcome as AttemptOutcome | null,
      error: row.error,
    }));
  }

  /** The lines that are kept of an attempt, in order; none when there is no such attempt. */
  async lines(runId: string, attempt: number): Promise<LogLine[]> {
    const rows = await this.#database.batchLogLine.findMany({
      where: { runId, attempt },
      orderBy: { id: 'asc' },
    });
    return rows.map(({ at, level, text }) => ({
      at: Number(at),
      level: level as LogLevel,
      text,
    }));
  }

  /** The log of an attempt as a file; null when there is no such attempt. */
  async text(runId: string, attempt: number): Promise<string | null> {
    const where = { runId_attempt: { runId, attempt } };
    if ((await this.#database.batchAttempt.findUnique({ where })) === null) {
      return null;
    }
    const lines = await this.lines(runId, attempt);
    return lines
      .map(({ at, level, text }) => `${new Date(at).toISOString()} ${level.padEnd(5)} ${text}\n`)
      .join('');
  }
}
