import { describe, expect, it } from 'vitest';
import { parseJsonPointer, resolvePointer } from './json-pointer.ts';

describe('JSON pointers', () => {
  // The examples of RFC 6901, section 5.
  const document = {
    foo: ['bar', 'baz'],
    '': 0,
    'a/b': 1,
    'c%d': 2,
    'e^f': 3,
    'g|h': 4,
    'i\\j': 5,
    'k"l': 6,
    ' ': 7,
    'm~n': 8,
  };
  it.each([
    ['', document],
    ['/foo', ['bar', 'baz']],
    ['/foo/0', 'bar'],
    ['/', 0],
    ['/a~1b', 1],
    ['/c%d', 2],
    ['/e^f', 3],
    ['/g|h', 4],
    ['/i\\j', 5],
    ['/k"l', 6],
    ['/ ', 7],
    ['/m~0n', 8],
  ])('%j leads where RFC 6901 says', (text, expected) => {
    expect(resolvePointer(document, parseJsonPointer(text) ?? [])).toEqual(expected);
  });

  it.each(['foo', 'a/b', '/a~', '/a~2'])('%j is none', (text) => {
    expect(parseJsonPointer(text)).toBeUndefined();
  });

  it.each(['/foo/2', '/foo/01', '/foo/-', '/foo/length', '/none', '/a~1b/c', '/toString'])(
    '%j leads nowhere',
    (text) => {
      expect(resolvePointer(document, parseJsonPointer(text) ?? [])).toBeUndefined();
    },
  );
});
