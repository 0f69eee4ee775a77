import { expect, test } from 'vitest';
import { runLogSchedule } from './log-schedule.ts';

test.each(['fsync', 'os'] as const)(
  'keeps its promises in %s mode',
  async (durability) => {
    for (let seed = 1; seed <= 300; seed++) {
      const { error, tail } = await runLogSchedule({ seed, durability });
      if (error !== undefined) {
        throw new Error(
          `seed ${seed}, ${durability}: ${String((error as Error).stack)}\n${tail.join('\n')}`,
        );
      }
    }
    expect(true).toBe(true);
  },
  120_000,
);
