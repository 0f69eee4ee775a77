/**
 * Entry of a process: the broker of `apps/broker`, on files at which one operation goes wrong and
 * with a clock that can be set wrong. Its argument is a `FailingBrokerPlan` as JSON; a message
 * `{ clockOffsetMs }` on its channel moves the clock while it runs.
 */
import { serve, type Surroundings } from '@penstock/broker';
import { NodeFiles, systemClock } from '@penstock/kafka-log';
import { loadConfig } from '@penstock/platform/process';
import { FailingFiles, type FilesFault } from './failing-files.ts';

export interface FailingBrokerPlan {
  readonly fault?: FilesFault;
  /** By how much the wall clock is wrong; the monotonic one is not. */
  readonly clockOffsetMs?: number;
}

const plan = JSON.parse(process.argv[2] ?? '{}') as FailingBrokerPlan;
let offsetMs = plan.clockOffsetMs ?? 0;
process.on('message', (message: FailingBrokerPlan) => {
  offsetMs = message.clockOffsetMs ?? offsetMs;
});
const surroundings: Surroundings = {
  clock: { ...systemClock, now: () => systemClock.now() + offsetMs },
  ...(plan.fault && { files: new FailingFiles(new NodeFiles(), plan.fault) }),
};
await serve(loadConfig(), surroundings);
