import { SeededRandom } from '@penstock/testing';
import { describe, expect, it } from 'vitest';
import { type PipelineDefinition, testDriver, type TestRecord } from '../src/index.ts';
import { type Events, makeEvents } from './events.ts';
import { dayOf, naive } from './naive.ts';
import * as queries from './queries.ts';

// Each query of Nexmark as a pipeline, read from three partitions out of order, against the answer
// that is computed from all events at once. The events begin in the last minute of a day that has
// 23 hours in Los Angeles.

const PARTITIONS = 3;
const START = Date.parse('2026-03-09T06:59:20Z');
const EVENTS = 800;
const SEEDS = 1;
const STATE_NAMES = { OR: 'Oregon', CA: 'California', ID: 'Idaho', WA: 'Washington' };

/** The events of a topic as they lie on the log: out of order by less than the lateness. */
function onLog(random: SeededRandom, { persons, auctions, bids }: Events): TestRecord[] {
  const topics = { person: persons, auction: auctions, bid: bids };
  return Object.entries(topics)
    .flatMap(([topic, values]) =>
      values.map((value) => ({
        written: value.dateTime + random.below(queries.LATENESS_MS),
        record: { topic, value, partition: random.below(PARTITIONS), timestamp: value.dateTime },
      })),
    )
    .sort((one, other) => one.written - other.written)
    .map(({ record }) => record);
}

const asRows = (values: readonly unknown[]): string[] =>
  values.map((value) => JSON.stringify(sorted(value as object))).sort();

function sorted(value: object): object {
  return Object.fromEntries(
    Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)),
  );
}

const cases: ReadonlyArray<[string, PipelineDefinition, (events: Events) => readonly unknown[]]> = [
  ['0: passes on bids', queries.q0, naive.q0],
  ['1: converts prices', queries.q1, naive.q1],
  ['2: selects bids', queries.q2, naive.q2],
  ['3: joins sellers with their auctions', queries.q3, naive.q3],
  ['4: averages prices per category', queries.q4, naive.q4],
  ['5: finds hot auctions', queries.q5, naive.q5],
  ['6: averages the last sales of sellers', queries.q6, naive.q6],
  ['7: finds the highest bids', queries.q7, naive.q7],
  ['8: finds new sellers', queries.q8, naive.q8],
  ['9: finds winning bids', queries.q9, naive.q9],
  ['11: counts bids in sessions', queries.q11, naive.q11],
  ['13: adds names from a table', queries.q13, (events) => naive.q13(events, STATE_NAMES)],
  ['17: sums up days', queries.q17, naive.q17],
];

describe('Nexmark', () => {
  it.each(cases)('query %s, as a stream and as batch runs', async (name, definition, answer) => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = new SeededRandom(seed);
      const events = makeEvents(random, EVENTS, START);
      const driver = testDriver(definition, { partitions: PARTITIONS });
      const names: TestRecord[] = Object.entries(STATE_NAMES).map(([state, full]) => ({
        topic: 'state-names',
        key: state,
        value: { state, name: full },
      }));
      const records: TestRecord[] = [...names, ...onLog(random, events)].filter(({ topic }) =>
        driver.topics.includes(topic ?? ''),
      );
      const written = async (read: readonly TestRecord[]): Promise<void> => {
        for (let at = 0; at < read.length; at += 100) await driver.pipe(read.slice(at, at + 100));
      };
      const half = random.int(1, records.length);
      await written(records.slice(0, half));
      await driver.crash();
      await written(records.slice(half));
      await driver.advanceTime('2d');

      const rows = driver.results.map(({ value }) => value);
      const expected = asRows(answer(events));
      expect(expected.length, `seed ${seed}`).toBeGreaterThan(2);
      expect(asRows(rows.map(withDay(name))), `stream, seed ${seed}`).toEqual(expected);
      expect([driver.late, driver.deadLetters], `seed ${seed}`).toEqual([[], []]);

      const cuts = [0.3, 0.7].map((part) => {
        const after = Math.floor(records.length * part);
        const times = records.slice(after).map(({ timestamp }) => timestamp ?? Infinity);
        return { after, at: Math.min(...times) + queries.LATENESS_MS };
      });
      const batch = await driver.asBatch([...cuts, { after: records.length, at: driver.now }]);
      expect(batch, `batch, seed ${seed}`).toEqual(driver.results);
    }
  });
});

/** The last query's rows with their day, which the plain answer knows in place of bounds. */
function withDay(name: string): (row: unknown) => unknown {
  if (!name.startsWith('17')) return (row) => row;
  return (row) => {
    const { windowStart, windowEnd, ...rest } = row as Record<string, string>;
    expect(Date.parse(windowEnd ?? '') - Date.parse(windowStart ?? '')).toBeGreaterThan(
      22 * 3_600_000,
    );
    return { ...rest, day: dayOf(Date.parse(windowStart ?? '')) };
  };
}
