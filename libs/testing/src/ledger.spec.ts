import { expect, test } from 'vitest';
import { auditLedger, Ledger } from './index.ts';

/** Two producers, three records each, in one partition, all acknowledged. */
function kept() {
  const ledger = new Ledger();
  const records = [0, 1, 2, 3, 4, 5].map((offset) => {
    const value = ledger.attempt(offset % 2 === 0 ? 'a' : 'b');
    ledger.acknowledge(0, offset, value);
    ledger.see(0, offset, value);
    return { partition: 0, offset, value };
  });
  return { ledger, records };
}

test('finds nothing where every promise was kept, and counts', () => {
  const { ledger, records } = kept();
  const readings = [
    { client: 'one', records },
    { client: 'two', records: [...records] },
  ];
  expect(auditLedger(ledger, readings, { idempotent: ['a', 'b'] })).toEqual({
    contradictions: [],
    acknowledged: 6,
    lost: 0,
    duplicates: 0,
    read: 6,
  });
});

test('finds each kind of broken promise', () => {
  const audit = (change: (records: ReturnType<typeof kept>['records']) => void) => {
    const { ledger, records } = kept();
    change(records);
    const rules = { idempotent: ['a'] };
    return auditLedger(ledger, [{ client: 'one', records }], rules).contradictions.join('\n');
  };
  expect(audit((records) => records.pop())).toMatch(/^lost: b 2 \w+, acknowledged at 0\/5/);
  expect(audit((records) => records.pop())).toContain('disappeared: 0/5');
  expect(audit((records) => records.splice(2, 1))).toContain('offsets 2 to 2 of partition 0');
  expect(audit((records) => (records[3]!.value += '!'))).toContain('invented: b 1');
  expect(audit((records) => records.push({ ...records[0]!, offset: 6 }))).toContain('twice: a 0');
  expect(audit((records) => records.push({ ...records[1]!, offset: 6 }))).toBe('');
  expect(
    audit((records) => {
      const [first, second] = [records[0]!.value, records[2]!.value];
      records[0]!.value = second;
      records[2]!.value = first;
    }),
  ).toContain('out of order: a 0 comes after 1');
});

test('finds what two clients read differently, and what changed under way', () => {
  const { ledger, records } = kept();
  const other = records.map((record, index) => (index === 1 ? { ...record, value: 'x' } : record));
  ledger.see(0, 0, 'something else');
  const { contradictions } = auditLedger(ledger, [
    { client: 'one', records },
    { client: 'two', records: other.slice(0, 5) },
  ]);
  expect(contradictions.join('\n')).toContain('changed under way: 0/0');
  expect(contradictions.join('\n')).toContain('one read 6 records, two 5');
  expect(contradictions.join('\n')).toMatch(/0\/1: one read b 0 \w+, two x/);
});
