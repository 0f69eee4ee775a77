import type { EventLog } from '../events/index.ts';
import type { LiveRun } from './live-frame.ts';

/** Tells those who follow the events how the runs get on, from one frame to the next. */
export class RunProgress {
  readonly #events: EventLog;
  /** What was told of each run last. */
  #told = new Map<string, string>();

  constructor(events: EventLog) {
    this.#events = events;
  }

  report(runs: readonly LiveRun[]): void {
    const before = this.#told;
    this.#told = new Map();
    for (const run of runs.filter(({ state }) => state === 'running')) {
      const { id, job, recordsRead, recordsTotal, obstacle } = run;
      const waits = obstacle === null ? '' : `, waits for ${obstacle}`;
      const message = `${job}: ${recordsRead} of ${recordsTotal} records read${waits}`;
      this.#told.set(id, message);
      if (before.get(id) !== message) {
        this.#events.tell('RUN_PROGRESS', id, message);
      }
    }
  }
}
