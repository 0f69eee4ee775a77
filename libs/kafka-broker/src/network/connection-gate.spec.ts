import { FakeClock } from '@penstock/testing';
import { expect, test } from 'vitest';
import { ConnectionGate, parseConnectionOverrides, type Candidate } from './connection-gate.ts';

test('more than max.connections.per.ip from one address are closed, others are not', () => {
  const { gate, offer, admitted } = newGate({ perAddress: (address) => (address === 'b' ? 3 : 2) });
  const refused = [offer('a'), offer('a'), offer('a'), offer('b'), offer('b'), offer('b')];
  expect(refused.map(({ destroyed }) => destroyed)).toEqual([
    false,
    false,
    true,
    false,
    false,
    false,
  ]);
  gate.leave('a');
  expect(offer('a').destroyed).toBe(false);
  expect(admitted).toEqual(['a', 'a', 'b', 'b', 'b', 'a']);
});

test('at max.connections the next ones wait for a place, in their order', () => {
  const { gate, offer, admitted } = newGate({ max: () => 2 });
  for (const address of ['a', 'b', 'c', 'd']) expect(offer(address).destroyed).toBe(false);
  expect(admitted).toEqual(['a', 'b']);
  gate.leave('a');
  expect(admitted).toEqual(['a', 'b', 'c']);
  gate.leave('b');
  gate.leave('c');
  expect(admitted).toEqual(['a', 'b', 'c', 'd']);
  expect(gate.waiting).toBe(0);
});

test('not more wait for a place than a listen queue holds', () => {
  const { gate, offer, refusals } = newGate({ max: () => 0 });
  const offered = Array.from({ length: 600 }, (_, index) => offer(`${index}`));
  expect(gate.waiting).toBe(511);
  expect(refusals()).toBe(89);
  expect(offered.filter(({ destroyed }) => destroyed)).toHaveLength(89);
  gate.close();
  expect(offered.every(({ destroyed }) => destroyed)).toBe(true);
});

test('above max.connection.creation.rate connections wait for their time', async () => {
  const { offer, admitted, clock } = newGate({ rate: () => 10 });
  for (let index = 0; index < 25; index += 1) offer('a');
  const atOnce = admitted.length;
  expect(atOnce).toBeLessThanOrEqual(10);
  await clock.advance(1000);
  expect(admitted.length - atOnce).toBe(10);
  await clock.advance(2000);
  expect(admitted).toHaveLength(25);
});

test('overrides are read as Kafka writes them', () => {
  const text = '127.0.0.2:5, [::7]:6,localhost:7';
  expect([...(parseConnectionOverrides(text) ?? [])]).toEqual([
    ['127.0.0.2', 5],
    ['::7', 6],
    ['127.0.0.1', 7],
    ['::1', 7],
  ]);
  expect(parseConnectionOverrides('')?.size).toBe(0);
  expect(parseConnectionOverrides('127.0.0.1')).toBeUndefined();
  expect(parseConnectionOverrides('127.0.0.1:x')).toBeUndefined();
});

interface Limits {
  max?: () => number;
  perAddress?: (address: string) => number;
  rate?: () => number;
}

function newGate({ max, perAddress, rate }: Limits) {
  const clock = new FakeClock();
  const admitted: string[] = [];
  let refused = 0;
  const gate = new ConnectionGate<Candidate>({
    clock,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    settings: {
      connectionsMax: max ?? (() => Infinity),
      connectionsPerAddressMax: perAddress ?? (() => Infinity),
      creationRateMax: rate ?? (() => 0x7fffffff),
    },
    onAdmitted: (_, address) => admitted.push(address),
    onRefused: () => (refused += 1),
  });
  const offer = (remoteAddress: string) => {
    const candidate = { remoteAddress, destroyed: false, destroy: () => {} };
    candidate.destroy = () => void (candidate.destroyed = true);
    gate.offer(candidate);
    return candidate;
  };
  return { gate, offer, admitted, clock, refusals: () => refused };
}
