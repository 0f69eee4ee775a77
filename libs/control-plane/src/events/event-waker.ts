import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { DatabaseWatcher } from '@penstock/platform';
import { EventLog } from './event-log.ts';

/** Wakes the readers of the event log when another process has written to control.db. */
@Injectable()
export class EventWaker implements OnModuleDestroy {
  readonly #stop: () => void;

  constructor(log: EventLog, watcher: DatabaseWatcher) {
    this.#stop = watcher.onChange(() => log.wake());
  }

  onModuleDestroy(): void {
    this.#stop();
  }
}
