import { type EarthquakeFeature, readEarthquakes } from './earthquake-features.ts';

export interface DemoRecord {
  readonly topic: string;
  readonly key: string;
  readonly value: string;
}

export interface ReplayOptions {
  /** Resolves when the records are acknowledged; a rejection is for the caller to survive. */
  readonly send: (records: DemoRecord[]) => Promise<void>;
  /** Ends the replay. */
  readonly signal: AbortSignal;
  /** Mean rate; the week's own ups and downs are kept. */
  readonly recordsPerSecond?: number;
  /** Tells this replay's ids from those of an earlier one. */
  readonly replayId: string;
}

const TOPIC = 'earthquakes';
const TICK_MS = 50;
const WEEK_MS = 7 * 24 * 60 * 60 * 1_000;
/** After an outage of the broker the replay goes on; it does not catch up in one burst. */
const CATCH_UP_MAX_MS = 1_000;

/**
 * Replays a week of earthquakes in the order and at the relative pace in which they happened,
 * faster than life, again and again: each round a week later and under new ids. Runs until the
 * signal aborts, or `send` rejects.
 */
export async function replayEarthquakes(options: ReplayOptions): Promise<void> {
  const { send, signal, recordsPerSecond = 200, replayId } = options;
  const features = (await readEarthquakes()).sort(
    (left, right) => left.properties.time - right.properties.time,
  );
  const first = features[0]?.properties.time ?? 0;
  const roundMs = (features.length / recordsPerSecond) * 1_000;
  const dueMs = features.map(({ properties }) => ((properties.time - first) / WEEK_MS) * roundMs);
  let clock = performance.now();
  let elapsedMs = 0;
  let round = 0;
  let index = 0;
  while (!signal.aborted) {
    await tick(signal);
    const now = performance.now();
    elapsedMs += Math.min(now - clock, CATCH_UP_MAX_MS);
    clock = now;
    const due: DemoRecord[] = [];
    while ((dueMs[index] ?? Infinity) <= elapsedMs) {
      due.push(toRecord(features[index] as EarthquakeFeature, replayId, round));
      index += 1;
      if (index === features.length) {
        index = 0;
        round += 1;
        elapsedMs -= roundMs;
      }
    }
    if (due.length > 0) {
      await send(due);
    }
  }
}

function toRecord(feature: EarthquakeFeature, replayId: string, round: number): DemoRecord {
  const id = `${feature.id}-${replayId}-${round}`;
  const shift = round * WEEK_MS;
  const properties = {
    ...feature.properties,
    time: feature.properties.time + shift,
    updated: feature.properties.updated + shift,
  };
  return { topic: TOPIC, key: id, value: JSON.stringify({ ...feature, properties, id }) };
}

function tick(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, TICK_MS);
    signal.addEventListener('abort', done, { once: true });
  });
}
