import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Logger, WriteQueue } from '@penstock/platform';
import type { EventKind } from './event-kinds.ts';
import { EventLog } from './event-log.ts';

const EVENTS_WAITING_MAX = 1_000;

type NewEvent = Parameters<EventLog['append']>;

/**
 * Records events without making the caller wait: each keeps its own time and is written as soon as
 * control.db accepts it.
 */
@Injectable()
export class EventRecorder implements OnApplicationShutdown {
  readonly #queue: WriteQueue<NewEvent>;

  constructor(log: EventLog, logger: Logger) {
    this.#queue = new WriteQueue<NewEvent>({
      what: 'events',
      logger: logger.pino,
      itemsMax: EVENTS_WAITING_MAX,
      write: (event) => log.append(...event),
    });
  }

  record(
    kind: EventKind,
    subject: string,
    message: string,
    data: Record<string, unknown> = {},
  ): void {
    this.#queue.add([kind, subject, message, data, Date.now()]);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#queue.stop();
  }
}
