// Plays portions of seeds for long-run.ts.
import type { Portion, WorkerMessage } from './long-run.ts';
import { playSchedule } from './schedules.ts';

const TAIL = 25;
const say = (message: WorkerMessage): void => void process.send?.(message);

process.on('message', (portion: Portion) => void play(portion));

async function play({ level, mode, from, count }: Portion): Promise<void> {
  let crashes = 0;
  for (let seed = from; seed < from + count; seed++) {
    const outcome = await playSchedule(level, mode, seed);
    crashes += outcome.crashes;
    if (outcome.error === undefined) continue;
    const { error, tail } = outcome;
    const text = [error.stack, ...tail.slice(-TAIL)].join('\n');
    say({ kind: 'failed', seed, text });
  }
  say({ kind: 'done', played: count, crashes });
}
