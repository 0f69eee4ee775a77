import { runOverRecords } from '@penstock/pipelines';
import { describe, expect, it } from 'vitest';
import { readEarthquakes } from './demo/earthquake-features.ts';
import { type DemoRecord, replayEarthquakes } from './demo/earthquake-replay.ts';
import { earthquakeAlerts } from './earthquake-alerts.ts';
import { earthquakeDailyReport } from './earthquake-daily-report.ts';

const week = (await readEarthquakes()).map((value, index) => ({ value, partition: index % 3 }));
const { value: first } = week[0]!;
const unmeasured = { value: { ...first, properties: { ...first.properties, mag: null } } };

describe('earthquake-alerts', () => {
  it('raises 85 alerts in the week of 1,707 earthquakes, keyed by id', async () => {
    const { outputs, deadLetters } = await runOverRecords(earthquakeAlerts, week);
    expect(week).toHaveLength(1_707);
    expect(outputs).toHaveLength(85);
    expect(deadLetters).toEqual([]);
    expect(outputs[0]?.value).toMatchObject({ id: outputs[0]?.key, magnitude: 4.7 });
  });

  it('raises none for an earthquake whose magnitude is not known', async () => {
    const { outputs, deadLetters } = await runOverRecords(earthquakeAlerts, [unmeasured]);
    expect([outputs, deadLetters]).toEqual([[], []]);
  });

  it('gives up on what is no earthquake, and says why', async () => {
    const { deadLetters } = await runOverRecords(earthquakeAlerts, [{ value: { id: 7 } }]);
    expect(deadLetters[0]?.headers['penstock.errors.stage']).toBe('schema');
    expect(deadLetters[0]?.headers['penstock.errors.message']).toMatch(/^id: /);
  });
});

describe('earthquake-daily-report', () => {
  it('has a row for each of the 8 UTC days, and counts every earthquake once', async () => {
    const { rows, files } = await runOverRecords(earthquakeDailyReport, week);
    const counts = (rows as { count: number }[]).map(({ count }) => count);
    expect(counts).toHaveLength(8);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1_707);
    const [header, ...lines] = (files['earthquakes-per-day.csv'] ?? '').trimEnd().split('\r\n');
    expect(header).toBe('day,count,mean_magnitude,max_magnitude');
    expect(lines).toHaveLength(8);
    expect(lines[0]).toMatch(/^2018-01-31,\d+,\d+(\.\d+)?,\d+(\.\d+)?$/);
  });

  it('counts an earthquake of unknown magnitude, and leaves it out of mean and maximum', async () => {
    const { rows } = await runOverRecords(earthquakeDailyReport, [unmeasured]);
    expect(rows).toEqual([
      { day: '2018-02-07', count: 1, meanMagnitude: null, maxMagnitude: null },
    ]);
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
