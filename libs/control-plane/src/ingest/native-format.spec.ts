import { describe, expect, it, vi } from 'vitest';
import { IngestRefusal, type IngestProblem } from './ingest-problem.ts';
import { parseNative, type NativeOptions } from './native-format.ts';

function parse(body: string | Buffer, options: Partial<NativeOptions> = {}) {
  const records = parseNative(Buffer.from(body), { media: 'json', ...options });
  return records.map(({ key, value, headers, partition, timestamp }) => ({
    key: key?.toString() ?? null,
    value: value?.toString() ?? null,
    headers: headers.map(({ name, value: text }) => [name.toString(), text?.toString() ?? null]),
    partition,
    timestamp,
  }));
}

function values(body: string | Buffer, options: Partial<NativeOptions> = {}) {
  return parse(body, options).map(({ value }) => value);
}

function problem(body: string | Buffer, options: Partial<NativeOptions> = {}): IngestProblem {
  try {
    parse(body, options);
  } catch (error) {
    if (error instanceof IngestRefusal) return error.problem;
    throw error;
  }
  throw new Error('the body was not refused');
}

const ndjson = { media: 'ndjson' } as const;

describe('values', () => {
  it('are the bytes that came in, not what parsing and writing makes of them', () => {
    const one = '{ "amount":1.0, "id":12345678901234567890,"u":"\\u00fc" }';
    expect(values(one)).toEqual([one]);
    expect(values(`[${one} ,\n 1.50]`)).toEqual([one, '1.50']);
    expect(values(`${one}\r\n\n 2.0 \n`, ndjson)).toEqual([one, '2.0']);
  });

  it('may be anything that JSON may', () => {
    expect(values('"text"')).toEqual(['"text"']);
    expect(values('[null,false,"",[],{}]')).toEqual(['null', 'false', '""', '[]', '{}']);
    expect(values('[1]\n[2]', ndjson)).toEqual(['[1]', '[2]']);
  });

  it('may come after a byte order mark', () => {
    expect(values('\ufeff{"a":1}')).toEqual(['{"a":1}']);
  });
});

describe('keys', () => {
  it('come from the parameter, for every record', () => {
    expect(parse('[1,2]', { key: Buffer.from('k') }).map(({ key }) => key)).toEqual(['k', 'k']);
  });

  it.each([
    ['"text"', 'text'],
    ['7', '7'],
    ['true', 'true'],
    ['null', null],
    ['12345678901234567890', '12345678901234567890'],
    ['0.10', '0.10'],
    ['{"a": 1}', '{"a":1}'],
  ])('come from a field that is %s as %s', (field, key) => {
    expect(parse(`{"a":{"b":${field}}}`, { keyField: ['a', 'b'] })[0]?.key).toBe(key);
  });

  it('are missed where the field is not there', () => {
    expect(problem('[{"id":1},{},{"id":2},3]', { keyField: ['id'] })).toMatchObject({
      code: 'invalid-record',
      records: [{ index: 1 }, { index: 3 }],
    });
  });
});

describe('envelopes', () => {
  it('carry all that a record has', () => {
    const body =
      '[{"key":"k","value":{"a": 1.0},"headers":{"h":"v","twice":["1","2"],"none":null},"partition":3,"timestamp":1700000000000},' +
      '{"value":"text"},{"value":null,"key":{"id": 1}},{"value":1,"timestamp":"2024-05-06T07:08:09.010Z"}]';
    expect(parse(body, { envelope: true })).toEqual([
      {
        key: 'k',
        value: '{"a": 1.0}',
        headers: [
          ['h', 'v'],
          ['twice', '1'],
          ['twice', '2'],
          ['none', null],
        ],
        partition: 3,
        timestamp: 1_700_000_000_000,
      },
      { key: null, value: '"text"', headers: [], partition: undefined, timestamp: undefined },
      { key: '{"id": 1}', value: null, headers: [], partition: undefined, timestamp: undefined },
      {
        key: null,
        value: '1',
        headers: [],
        partition: undefined,
        timestamp: Date.UTC(2024, 4, 6, 7, 8, 9, 10),
      },
    ]);
  });

  it('fall back on what the request says', () => {
    const options = {
      envelope: true,
      keyField: ['id'],
      partition: 2,
      headers: [{ name: Buffer.from('from'), value: Buffer.from('request') }],
    };
    expect(parse('{"value":{"id":9},"headers":{"own":"x"}}', options)[0]).toMatchObject({
      key: '9',
      partition: 2,
      headers: [
        ['from', 'request'],
        ['own', 'x'],
      ],
    });
  });

  it.each([
    ['7', 'an envelope is an object'],
    ['{"key":"k"}', 'has no value'],
    ['{"value":1,"valeu":2}', 'no member "valeu"'],
    ['{"value":1,"partition":-1}', 'partition is not'],
    ['{"value":1,"partition":"0"}', 'partition is not'],
    ['{"value":1,"timestamp":"yesterday"}', 'timestamp is neither'],
    ['{"value":1,"timestamp":1e300}', 'timestamp is neither'],
    ['{"value":1,"timestamp":-5}', 'timestamp is neither'],
    ['{"value":1,"headers":[]}', 'headers is not an object'],
    ['{"value":1,"headers":{"a":1}}', 'header "a" is not a text'],
  ])('%s is refused: %s', (body, reason) => {
    const refused = problem(body, { envelope: true });
    expect(refused.code).toBe('invalid-record');
    expect(refused.records?.[0]).toMatchObject({ index: 0 });
    expect(refused.message).toContain(reason);
  });
});

describe('what is not JSON', () => {
  it.each([
    ['{"a":}', 1, 6],
    ['{"a":1}x', 1, 8],
    ['{a:1}', 1, 2],
    ['[1,\n2,,3]', 2, 3],
    ['[1,2', 1, 5],
    ['', 1, 1],
    ['{"a":\n  tru}', 2, 6],
    ['"abc', 1, 5],
    ['01', 1, 2],
  ])('%j is refused, naming line %i, column %i', (body, line, column) => {
    expect(problem(body)).toMatchObject({ code: 'malformed-json', line, column });
  });

  it('is named by its line in NDJSON, and takes the other lines with it', () => {
    const refused = problem('{"a":1}\n\n{"a":2}\n{"a":oops}\n{"a":4}', ndjson);
    expect(refused).toMatchObject({ code: 'malformed-json', line: 4, column: 6 });
    expect(refused.message).toContain('nothing of this request was kept');
  });

  it('is refused when it is not even UTF-8', () => {
    expect(problem(Buffer.from([0x22, 0xff, 0x22]))).toMatchObject({ code: 'malformed-json' });
  });

  it('is found in a megabyte without trying every place', () => {
    const body = `[${'{"a":1},'.repeat(100_000)}}]`;
    const tries = vi.spyOn(JSON, 'parse');
    try {
      expect(problem(body)).toMatchObject({ code: 'malformed-json', line: 1 });
      expect(tries.mock.calls.length).toBeLessThan(100);
    } finally {
      tries.mockRestore();
    }
  });
});

describe('nothing', () => {
  it('is refused, since it would look like success', () => {
    expect(problem('[]').code).toBe('no-records');
    expect(problem('\n\n', ndjson).code).toBe('no-records');
  });
});
