import { type PipelineDefinition, testDriver, type TestDriver } from '@penstock/pipelines';
import { describe, expect, it } from 'vitest';
import { readEarthquakes } from './demo/earthquake-features.ts';
import { type DemoRecord, replayEarthquakes } from './demo/earthquake-replay.ts';
import { earthquakeAlerts } from './earthquake-alerts.ts';
import { earthquakeDailyReport } from './earthquake-daily-report.ts';

const week = (await readEarthquakes()).map((value, index) => ({ value, partition: index % 3 }));
const { value: first } = week[0]!;
const unmeasured = { value: { ...first, properties: { ...first.properties, mag: null } } };

/** What a pipeline makes of records, of which no more come. */
async function outputsOf(
  definition: PipelineDefinition,
  records: readonly { value: unknown; partition?: number }[],
): Promise<TestDriver> {
  const driver = testDriver(definition, { partitions: 3 });
  await driver.pipe(records);
  await driver.advanceTime('30d');
  return driver;
}

describe('earthquake-alerts', () => {
  it('raises 85 alerts in the week of 1,707 earthquakes, keyed by id', async () => {
    const { outputs, deadLetters } = await outputsOf(earthquakeAlerts, week);
    expect(week).toHaveLength(1_707);
    expect(outputs).toHaveLength(85);
    expect(deadLetters).toEqual([]);
    for (const { key, value } of outputs) {
      expect(value).toMatchObject({ id: key });
      expect((value as { magnitude: number }).magnitude).toBeGreaterThanOrEqual(4.5);
    }
  });

  it('raises none for an earthquake whose magnitude is not known', async () => {
    const { outputs, deadLetters } = await outputsOf(earthquakeAlerts, [unmeasured]);
    expect([outputs, deadLetters]).toEqual([[], []]);
  });

  it('gives up on what is no earthquake, and says why', async () => {
    const { deadLetters } = await outputsOf(earthquakeAlerts, [{ value: { id: 7 } }]);
    expect(deadLetters[0]?.headers['penstock.errors.stage']).toBe('schema');
    expect(deadLetters[0]?.headers['penstock.errors.message']).toMatch(/^id: /);
  });
});

describe('earthquake-daily-report', () => {
  const rowsOf = ({ results }: TestDriver) =>
    results
      .filter(({ topic }) => topic === 'earthquakes-per-day')
      .map(({ value }) => value as { key: string; count: number })
      .sort((left, right) => left.key.localeCompare(right.key));

  it('has a row for each of the 8 UTC days, and counts every earthquake once', async () => {
    const driver = await outputsOf(earthquakeDailyReport, week);
    const rows = rowsOf(driver);
    expect(rows.map(({ key }) => key)).toEqual(
      ['01-31', '02-01', '02-02', '02-03', '02-04', '02-05', '02-06', '02-07'].map(
        (day) => `2018-${day}`,
      ),
    );
    expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(1_707);
    expect(driver.late).toEqual([]);
  });

  it('gives the same rows as a batch job of several runs', async () => {
    const driver = await outputsOf(earthquakeDailyReport, week);
    const at = driver.now;
    const batch = await driver.asBatch([600, 1_200, 1_707].map((after) => ({ after, at })));
    expect(batch).toEqual(driver.results);
  });

  it('counts an earthquake of unknown magnitude, and leaves it out of mean and maximum', async () => {
    const [row] = rowsOf(await outputsOf(earthquakeDailyReport, [unmeasured]));
    expect(row).toMatchObject({ key: '2018-02-07', count: 1, meanMagnitude: null });
  });
});

describe('the demo', () => {
  it('replays the week in event-time order, each round under new ids and a week later', async () => {
    const stop = new AbortController();
    const sent: DemoRecord[] = [];
    await replayEarthquakes({
      replayId: 'test',
      recordsPerSecond: 20_000,
      signal: stop.signal,
      send: async (records) => {
        sent.push(...records);
        if (sent.length > 2 * 1_707) {
          stop.abort();
        }
      },
    });
    const quakes = sent.slice(0, 2 * 1_707).map(({ value }) => JSON.parse(value));
    const times = quakes.map((quake) => quake.properties.time as number);
    expect(times).toEqual(times.toSorted((left, right) => left - right));
    expect(new Set(quakes.map((quake) => quake.id)).size).toBe(2 * 1_707);
    expect(times[1_707]! - times[0]!).toBe(7 * 24 * 60 * 60 * 1_000);
  });
});
