import { randomInt } from 'node:crypto';
import { decodeRequest } from '@penstock/kafka-protocol';
import { SeededRandom } from '@penstock/testing';
import { expect, test } from 'vitest';
import { fuzz } from './fuzz-run.ts';
import { declarations, fuzzedRequest } from './requests.ts';
import { newWorld } from './world.ts';

/** The nightly run does this for half an hour. */
const DURATION_MS = 20_000;

test('whatever it is sent, the broker answers or closes, and serves others (npm run fuzz)', async () => {
  const seed = randomInt(1, 1_000_000);
  const result = await fuzz({ seed, durationMs: DURATION_MS });
  expect(result.findings, `npm run fuzz -- --seed ${seed}`).toEqual([]);
  // An attack that does not reach the broker finds nothing either.
  expect(result.answers).toBeGreaterThan(1_000);
  expect(result.closedConnections).toBeGreaterThan(100);
  expect(result.canaryRecords).toBeGreaterThan(20);
}, 150_000);

test('requests without lies are what the product decodes, and one seed gives one attack', () => {
  const seen = new Set<string>();
  const frames = [1, 1].map((seed) => {
    const random = new SeededRandom(seed);
    return Array.from({ length: 3_000 }, (_, correlationId) => {
      const request = fuzzedRequest({ random, world: newWorld(), correlationId, lies: 0 });
      const { apiKey, apiVersion } = decodeRequest(request.frame);
      seen.add(`${apiKey}/${apiVersion}`);
      return request.what;
    });
  });
  expect(frames[0]).toEqual(frames[1]);
  const versions = declarations.map(({ versions: { min, max } }) => max - min + 1);
  expect(seen.size).toBe(versions.reduce((total, count) => total + count, 0));
});
