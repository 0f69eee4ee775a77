import { randomInt } from 'node:crypto';
import { SeededRandom } from '@penstock/testing';
import type { BatchServices } from '@penstock/testing/batch-services';
import { BatchWorld, MUCH_LATER_MS } from '@penstock/testing/batch-world';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { machineMs } from '../clock/index.ts';

const MINUTE = 60_000;

let world: BatchWorld;

beforeAll(async () => {
  world = await BatchWorld.start();
});

afterAll(() => world[Symbol.asyncDispose]());

/** Any schedule of what can happen; each offset stays in exactly one run that may still succeed. */
describe('whatever happens', () => {
  const seeds = process.env['PENSTOCK_SEED']?.split(',').map(Number) ?? [
    ...Array.from({ length: 9 }, (_, index) => index + 1),
    randomInt(2 ** 31),
  ];

  it.each(seeds)(
    'each offset is in exactly one run that succeeds in the end (seed %i)',
    async (seed) => {
      const random = new SeededRandom(seed);
      const each = random.chance(0.3);
      await world.begin({
        catchUp: each ? 'each' : random.pick(['coalesce', 'latest'] as const),
        overlap: each ? 'queue' : random.pick(['skip', 'queue'] as const),
        onFailure: random.pick(['block', 'continue'] as const),
      });
      let now = world.minute(0);
      for (let action = 0; action < 40; action++) {
        now = await act(random, now);
        await expectChain(`seed ${seed}, action ${action}`);
      }
      await finishAll();
      await expectChain(`seed ${seed}, at the end`);
      const logs = await world.services.logs.read([world.topic]);
      const rows = await world.windows();
      expect(
        rows.every(({ state }) => state === 'succeeded'),
        `seed ${seed}`,
      ).toBe(true);
      for (const { partition, endOffset } of logs) {
        const covered = rows
          .filter((row) => row.partition === partition)
          .reduce((sum, { window: [start, end] }) => sum + end - start, 0);
        expect(covered, `seed ${seed}, partition ${partition}`).toBe(endOffset);
      }
    },
  );

  async function act(random: SeededRandom, now: number): Promise<number> {
    const scheduler = random.pick(world.schedulers);
    const later = now + random.int(0, 3) * MINUTE;
    switch (
      random.weighted({
        append: 6,
        tick: 5,
        both: 2,
        work: 9,
        decide: 3,
        hand: 1,
        grow: 1,
        pause: 1,
      })
    ) {
      case 'append':
        await world.append(random.below(2), random.int(1, 5), now);
        return now;
      case 'tick':
        await scheduler.ticks.tick(later);
        return later;
      case 'both':
        await Promise.all(world.schedulers.map(({ ticks }) => ticks.tick(later)));
        return later;
      case 'work': {
        const lookAt = machineMs() + (random.chance(0.5) ? MUCH_LATER_MS : 0);
        for (const ticket of await scheduler.ledger.due(lookAt)) {
          await world.work(ticket, random.weighted({ done: 6, crash: 2, fail: 1 }), scheduler);
        }
        return now;
      }
      case 'decide':
        await decide(random, scheduler);
        return now;
      case 'hand':
        await scheduler.runs.start({ job: 'report' });
        return now;
      case 'grow':
        await world.grow((await scheduler.logs.read([world.topic])).length + 1);
        return now;
      default:
        await scheduler.jobs.setPaused('report', random.chance(0.3));
        return now;
    }
  }

  async function decide(random: SeededRandom, { runs, decisions }: BatchServices): Promise<void> {
    const { nodes } = await runs.list({ job: 'report' });
    if (nodes.length === 0) return;
    const { id } = random.pick(nodes);
    const choice = random.weighted({ retry: 4, restart: 1, cancel: 1 });
    await (choice === 'cancel' ? runs.cancel(id) : decisions[choice](id));
  }

  /** Everything is decided and worked off, and a last run takes what no other has. */
  async function finishAll(): Promise<void> {
    await world.services.jobs.setPaused('report', false);
    for (let round = 0; round < 100; round++) {
      await world.settle();
      const { nodes } = await world.services.runs.list({ job: 'report', first: 500 });
      const held = nodes.filter(({ state }) => state === 'failed' || state === 'cancelled');
      for (const { id } of held) await world.services.decisions.retry(id);
      if (held.length === 0) break;
    }
    await world.services.runs.start({ job: 'report' });
    await world.settle();
  }

  /** Judged from the rows, not by the query; and the query agrees. */
  async function expectChain(what: string): Promise<void> {
    const byPartition = Map.groupBy(await world.windows(), ({ partition }) => partition);
    for (const [partition, rows] of byPartition) {
      let end = 0;
      for (const { window, state } of rows.toSorted((a, b) => a.window[0] - b.window[0])) {
        expect(window[0], `${what}, partition ${partition}`).toBe(end);
        expect(window[1]).toBeGreaterThan(end);
        expect(['waiting', 'running', 'succeeded', 'failed', 'cancelled']).toContain(state);
        [, end] = window;
      }
    }
    expect(await world.services.claims.faults('report'), what).toEqual([]);
  }
});
