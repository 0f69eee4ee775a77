import { expect, it } from 'vitest';
import { parseOffset } from './offset.ts';

it.each([
  ['0', 0],
  [' 42 ', 42],
  ['76,529,589', 76_529_589],
])('reads %j as the offset %d', (text, offset) => {
  expect(parseOffset(text)).toBe(offset);
});

it.each(['', 'abc', '-5', '1.5', '1e3', '1,5', '12,34', '0x10', '1 000', '9007199254740993'])(
  'refuses %j, because another number would be read',
  (text) => {
    expect(parseOffset(text)).toBeNull();
  },
);
