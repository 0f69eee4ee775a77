import { SeededRandom } from '@penstock/testing';
import { describe, expect, it } from 'vitest';
import { arrayElements, nextValue, objectMembers, type Slice } from './json-text.ts';

function cut(text: string, slices: Iterable<Slice>): string[] {
  const bytes = Buffer.from(text);
  return [...slices].map(({ start, end }) => bytes.toString('utf8', start, end));
}

function elements(text: string): string[] {
  return cut(text, arrayElements(Buffer.from(text)));
}

describe('arrayElements', () => {
  it.each([
    ['[]', []],
    [' \n[ \t]', []],
    ['[1]', ['1']],
    ['[1,2 , 3]', ['1', '2', '3']],
    ['[ "a" ,"b,]" ]', ['"a"', '"b,]"']],
    ['["\\"", "\\\\", "\\\\\\""]', ['"\\""', '"\\\\"', '"\\\\\\""']],
    [
      '[{"a":[1,2]},[3,[4]],null,true,-1.50e+10]',
      ['{"a":[1,2]}', '[3,[4]]', 'null', 'true', '-1.50e+10'],
    ],
    ['[{"a":"]}"} , "💧,ü"]', ['{"a":"]}"}', '"💧,ü"']],
    ['[\r\n  {"a": 1},\r\n  {"b":  2}\r\n]', ['{"a": 1}', '{"b":  2}']],
  ])('cuts %j', (text, expected) => {
    expect(elements(text)).toEqual(expected);
  });

  it('gives, for any array, as many pieces as there are elements, each its element', () => {
    const generator = new SeededRandom(20261121);
    const random = () => generator.next();
    for (let round = 0; round < 2_000; round++) {
      const values = Array.from({ length: Math.floor(random() * 6) }, () => anyValue(random, 3));
      const text = spaced(values, random);
      expect(
        elements(text).map((piece) => JSON.parse(piece) as unknown),
        text,
      ).toEqual(values);
    }
  });
});

describe('objectMembers', () => {
  it('finds the values of members, whatever their names', () => {
    const text = '{ "a" : 1, "b\\n" :{"a":2} ,"": [3 ,4], "\\u00fc":"x" }';
    const members = objectMembers(Buffer.from(text));
    expect([...members.keys()]).toEqual(['a', 'b\n', '', 'ü']);
    expect(cut(text, members.values())).toEqual(['1', '{"a":2}', '[3 ,4]', '"x"']);
  });

  it('takes the last of a name that comes twice, as JSON.parse does', () => {
    const text = '{"value":1,"value":2}';
    expect(cut(text, objectMembers(Buffer.from(text)).values())).toEqual(['2']);
  });

  it('looks only within the slice that it is given', () => {
    const text = '[{"a":1},{"b":2}]';
    const bytes = Buffer.from(text);
    const second = arrayElements(bytes)[1] as Slice;
    expect([...objectMembers(bytes, second).keys()]).toEqual(['b']);
  });
});

describe('nextValue', () => {
  it('takes objects one after the other, with or without space between them', () => {
    const text = Buffer.from('{"a":"}"}{"b":{}}\n {"c":1');
    const first = nextValue(text, 0) as Slice;
    const second = nextValue(text, first.end) as Slice;
    expect(cut(text.toString(), [first, second])).toEqual(['{"a":"}"}', '{"b":{}}']);
    expect(nextValue(text, second.end)).toBe('incomplete');
  });

  it('tells the end, an unfinished object and anything else apart', () => {
    expect(nextValue(Buffer.from(' \n'), 0)).toBe('none');
    expect(nextValue(Buffer.from('{"a":"\\"}'), 0)).toBe('incomplete');
    expect(nextValue(Buffer.from('{"a":"\\'), 0)).toBe('incomplete');
    expect(nextValue(Buffer.from('[1]'), 0)).toBe('not-an-object');
  });
});

const TEXTS = ['', 'plain', '"', '\\', '\\"', '[]', '{},', 'ü💧', '\n\t', ',"a":'];

function anyValue(random: () => number, depth: number): unknown {
  const kind = Math.floor(random() * (depth === 0 ? 4 : 6));
  if (kind === 0) return null;
  if (kind === 1) return random() < 0.5;
  if (kind === 2) return Math.floor(random() * 1e6) / (random() < 0.5 ? 1 : 1000);
  if (kind === 3) return TEXTS[Math.floor(random() * TEXTS.length)];
  const size = Math.floor(random() * 4);
  if (kind === 4) return Array.from({ length: size }, () => anyValue(random, depth - 1));
  return Object.fromEntries(
    Array.from({ length: size }, (_, i) => [
      `${TEXTS[Math.floor(random() * TEXTS.length)] ?? ''}${i}`,
      anyValue(random, depth - 1),
    ]),
  );
}

function spaced(values: readonly unknown[], random: () => number): string {
  const space = () => [' ', '', '\n', '\t ', '\r\n'][Math.floor(random() * 5)] ?? '';
  const indent = random() < 0.5 ? 2 : 0;
  const pieces = values.map(
    (value) => `${space()}${JSON.stringify(value, null, indent)}${space()}`,
  );
  return `${space()}[${pieces.join(',')}${space()}]${space()}`;
}
