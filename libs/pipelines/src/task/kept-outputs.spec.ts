import { expect, it } from 'vitest';
import { decodeOutputs, encodeOutputs } from './kept-outputs.ts';
import type { TaskOutput } from './task-output.ts';

const bytes = (text: string): Buffer => Buffer.from(text);
const outputs: TaskOutput[] = [
  {
    kind: 'record',
    topic: 'out',
    partition: null,
    key: bytes('k'),
    value: bytes(''),
    headers: [
      [bytes('penstock.id'), bytes('Ü')],
      [bytes('none'), null],
    ],
    timestamp: undefined,
    source: { topic: 'in', partition: 2, offset: 7 },
    purpose: 'sink',
  },
  {
    kind: 'record',
    topic: 'internal',
    partition: 3,
    key: null,
    value: null,
    headers: [],
    timestamp: 5,
    source: null,
    purpose: 'repartition',
  },
  {
    kind: 'row',
    fileName: 'a.csv',
    id: 'a',
    order: 'b',
    value: { at: new Date(5), none: undefined, big: 5n },
  },
];

it('outputs are after a restart what they were', () => {
  expect(decodeOutputs(encodeOutputs(outputs))).toEqual(outputs);
  expect(decodeOutputs(encodeOutputs([]))).toEqual([]);
});

it('another layout is refused', () => {
  const other = encodeOutputs(outputs);
  other[0] = 9;
  expect(() => decodeOutputs(other)).toThrow('the layout 9; this version reads 1');
});
