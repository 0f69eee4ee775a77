import { describe, expect, it } from 'vitest';
import { parsePairs } from './line-pairs.ts';

describe('pairs typed one per line', () => {
  it('are read with all that is in their values', () => {
    expect(parsePairs('a=1\n\n b = x=y \nempty=', '=').pairs).toEqual([
      { name: 'a', value: '1' },
      { name: 'b', value: 'x=y ' },
      { name: 'empty', value: '' },
    ]);
    expect(parsePairs('trace:  two spaces', ':').pairs).toEqual([
      { name: 'trace', value: ' two spaces' },
    ]);
  });

  it.each([
    ['a=1\ncleanup.policy: compact', '=', 'Line 2, “cleanup.policy: compact”, has no “=”.'],
    ['trace', ':', 'Line 1, “trace”, has no “:”.'],
    ['\n =1', '=', 'Line 2, “=1”, has no name before its “=”.'],
  ] as const)('are none at all when a line of %j is none', (text, separator, problem) => {
    expect(parsePairs(text, separator)).toEqual({ pairs: null, problem });
  });
});
