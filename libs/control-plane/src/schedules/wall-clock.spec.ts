import { randomInt } from 'node:crypto';
import { SeededRandom } from '@penstock/testing';
import { expect, it } from 'vitest';
import { DAY_MS, toWallTime } from './wall-clock.ts';

const FROM = Date.UTC(1900, 0, 1);
const TO = Date.UTC(2060, 0, 1);
const seed = Number(process.env['PENSTOCK_SEED'] ?? randomInt(2 ** 31));

it(`a clock shows at any time what Intl says, near its changes too (seed ${seed})`, () => {
  const random = new SeededRandom(seed);
  const zones = Intl.supportedValuesOf('timeZone');
  for (let round = 0; round < 20; round++) {
    const timeZone = random.pick(zones);
    const format = new Intl.DateTimeFormat('sv-SE', {
      timeZone,
      dateStyle: 'short',
      timeStyle: 'medium',
    });
    const shown = (instant: number) => Date.parse(`${format.format(instant).replace(' ', 'T')}Z`);
    const offset = (instant: number) => shown(instant) - instant;
    for (let sample = 0; sample < 20; sample++) {
      let instant = FROM + random.below((TO - FROM) / 1_000) * 1_000;
      let after = Math.min(instant + 200 * DAY_MS, TO);
      expect(toWallTime(instant, timeZone), `${timeZone} at ${instant}`).toBe(shown(instant));
      if (offset(instant) === offset(after)) continue;
      while (after - instant > 1_000) {
        const middle = Math.floor((instant + after) / 2_000) * 1_000;
        if (offset(middle) === offset(after)) after = middle;
        else instant = middle;
      }
      for (const moved of [-DAY_MS, -1_000, 0, 999, 1_000, 1_800_000, DAY_MS]) {
        const near = instant + moved;
        const second = Math.floor(near / 1_000) * 1_000;
        expect(toWallTime(near, timeZone), `${timeZone} at ${near}`).toBe(shown(second));
      }
    }
  }
});
