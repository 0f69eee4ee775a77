import { type MarkedWork, newSharedMark, SharedMark, SharedMarkReader } from '@penstock/pipelines';
import { describe, expect, it } from 'vitest';
import { Watchdog } from './watchdog.ts';

const LIMIT_MS = 2_000;
const LOOK_MS = 500;

/** A watched thread, of which the test makes the calls and the looks. */
function watched() {
  const buffer = newSharedMark();
  const reader = new SharedMarkReader(buffer);
  const mark = new SharedMark(buffer, (name) => reader.named(name));
  const limit = (): number => LIMIT_MS;
  const watchdog = new Watchdog({ callMsMax: limit, promiseMsMax: limit });
  let now = 0;
  return {
    mark,
    /** What the watchdog finds in looks over so many ms. */
    look: (ms: number, lookMs = LOOK_MS) => {
      let found = null;
      for (let passed = 0; passed < ms && found === null; passed += lookMs) {
        now += lookMs;
        found = watchdog.look(reader.read(), now);
      }
      return found;
    },
  };
}

const at17: Omit<MarkedWork, 'operator'> = {
  pipeline: 'road traffic',
  stage: 1,
  topic: 'orders',
  partition: 3,
  offset: 2 ** 40 + 17,
  idHash: 0,
};

describe('the watchdog', () => {
  it('names the call that does not come back, and none that does', () => {
    const { mark, look } = watched();
    const work = mark.of('road traffic', 1);
    work.enter('map score', at17, 'orders/3/17');
    expect(look(LIMIT_MS - LOOK_MS)).toBe(null);
    work.leave();
    expect(look(LOOK_MS)).toBe(null);
    for (let call = 0; call < 20; call++) {
      work.enter('filter', at17, 'orders/3/17');
      mark.beat();
      expect(look(LOOK_MS)).toBe(null);
      work.leave();
    }
    work.enter('map score', at17, 'orders/3/17');
    const stuck = look(3 * LIMIT_MS);
    expect(stuck).toEqual({
      pipeline: 'road traffic',
      ms: LIMIT_MS,
      work: { ...at17, operator: 'map score' },
    });
  });

  it('finds it by the promise that is waited for, when no call is under way', () => {
    const { mark, look } = watched();
    const [one, other] = [mark.of('road traffic', 1), mark.of('other', 0)];
    const slot = other.waits('mapAsync', { ...at17, topic: 'else' }, 'else/3/17');
    one.waits('mapAsync look up', at17, 'orders/3/17');
    for (let beat = 0; beat < 20; beat++) {
      mark.beat();
      expect(look(LOOK_MS)).toBe(null);
    }
    expect(look(3 * LIMIT_MS)).toMatchObject({ pipeline: null, work: null });
    other.settled(slot);
    expect(look(LOOK_MS)).toMatchObject({
      work: { operator: 'mapAsync look up', offset: at17.offset },
    });
  });

  it('blames nobody for the time in which the whole process stood still', () => {
    const { mark, look } = watched();
    mark.of('road traffic', 1).enter('map score', at17, '');
    expect(look(LOOK_MS)).toBe(null);
    expect(look(1, 600_000)).toBe(null);
    expect(look(LIMIT_MS)).not.toBe(null);
  });

  it('tells timers and rows of windows apart, which have no offset', () => {
    const { mark, look } = watched();
    const origin = { topic: 'road traffic', partition: 0, offset: -1 };
    const hashes = ['a@1', 'b@1'].map((id) => {
      const work = mark.of('road traffic', 1);
      work.enter('process onTimer', origin, id);
      return look(3 * LIMIT_MS)?.work?.idHash;
    });
    expect(new Set([...hashes, 0]).size).toBe(3);
  });
});
