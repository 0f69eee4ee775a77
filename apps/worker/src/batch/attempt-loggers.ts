import { Injectable } from '@nestjs/common';
import { AttemptLog, type ClaimedRun } from '@penstock/control-plane';
import { type LoggerPort, reasonOf } from '@penstock/pipelines';
import { Logger } from '@penstock/platform';

/** Makes the loggers of attempts: what they say goes to the run's page, trouble also to the log. */
@Injectable()
export class AttemptLoggers {
  readonly #logger: Logger;
  readonly #log: AttemptLog;

  constructor(logger: Logger, log: AttemptLog) {
    this.#logger = logger;
    this.#log = log;
  }

  /** The log of the process. */
  get process(): Logger['pino'] {
    return this.#logger.pino;
  }

  of(run: Pick<ClaimedRun, 'id' | 'attempt'>): LoggerPort {
    const { pino } = this.#logger;
    const keep = (level: 'info' | 'warn' | 'error', fields: object, message: string): void => {
      const { err } = fields as { err?: unknown };
      this.#log.add(run, level, err === undefined ? message : `${message}: ${reasonOf(err)}`);
    };
    return {
      debug: (fields, message) => pino.debug(fields, message),
      info: (fields, message) => {
        pino.debug(fields, message);
        keep('info', fields, message);
      },
      warn: (fields, message) => {
        pino.warn(fields, message);
        keep('warn', fields, message);
      },
      error: (fields, message) => {
        pino.error(fields, message);
        keep('error', fields, message);
      },
    };
  }
}
