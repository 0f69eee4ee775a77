import { createHash } from 'node:crypto';

/** A record as one client read it. */
export interface LedgerRecord {
  readonly partition: number;
  readonly offset: number;
  readonly value: string | null;
}

export interface Acknowledged {
  readonly partition: number;
  /** -1 where the client does not say. */
  readonly offset: number;
  readonly value: string;
}

/**
 * What producers tried, what was acknowledged, and what readers saw while the faults were going on:
 * the other side's books, kept by the test and never by what is tested. A value names its producer
 * and its number, and carries a digest, so that a changed byte is an invented record.
 */
export class Ledger {
  readonly attempted = new Set<string>();
  readonly acknowledged: Acknowledged[] = [];
  /** What a consumer was given under way, by place: it must never be something else later. */
  readonly seen = new Map<string, string>();
  readonly contradictions: string[] = [];
  /** Answered with an error, or not at all: these may be there or not. */
  failures = 0;
  readonly #next = new Map<string, number>();
  readonly #padding: number;

  /** @param padding bytes added to each value */
  constructor(padding = 0) {
    this.#padding = padding;
  }

  /** The next value of a producer, written down as attempted. */
  attempt(producer: string): string {
    const sequence = this.#next.get(producer) ?? 0;
    this.#next.set(producer, sequence + 1);
    const name = `${producer} ${sequence}`;
    const value = `${name} ${digest(name)}${' '.repeat(this.#padding)}`;
    this.attempted.add(value);
    return value;
  }

  acknowledge(partition: number, offset: number, value: string): void {
    this.acknowledged.push({ partition, offset, value });
  }

  /** A record that a consumer was given while things were going on. */
  see(partition: number, offset: number, value: string): void {
    const place = `${partition}/${offset}`;
    const before = this.seen.get(place);
    if (before === undefined) this.seen.set(place, value);
    else if (before !== value) {
      this.contradictions.push(
        `changed under way: ${place} was ${before.trim()}, is ${value.trim()}`,
      );
    }
  }
}

export interface Reading {
  /** Who read: `kcat`, `kafkajs`, … */
  readonly client: string;
  readonly records: readonly LedgerRecord[];
}

export interface LedgerVerdict {
  /** One line per broken promise; empty when all were kept. */
  readonly contradictions: string[];
  readonly acknowledged: number;
  readonly lost: number;
  /** Values that are there more than once. */
  readonly duplicates: number;
  readonly read: number;
}

export interface LedgerRules {
  /** Producers (the first word of a value) of which no value may be there twice. */
  readonly idempotent?: readonly string[];
  /** Offsets may be missing: compacted topics, damaged stretches. */
  readonly mayHaveGaps?: boolean;
  /** Offsets below, by partition, were deleted on purpose, or named as unreadable. */
  readonly mayBeMissing?: (record: Acknowledged) => boolean;
}

/**
 * Compares what was promised with what each of several clients reads afterwards: what was
 * acknowledged is there, at its offset; nothing is there that nobody sent; all clients read the
 * same; what a consumer saw once stays; offsets rise without gaps; a producer's records keep their
 * order.
 */
export function auditLedger(
  ledger: Ledger,
  readings: readonly Reading[],
  rules: LedgerRules = {},
): LedgerVerdict {
  const found = [...ledger.contradictions];
  const first = readings[0]!;
  for (const other of readings.slice(1)) found.push(...differences(first, other));
  const lost = lostRecords(ledger, first.records, rules);
  found.push(...lost, ...inventions(ledger, first.records), ...unordered(first.records, rules));
  found.push(...unseen(ledger, first.records, rules));
  const twice = repeatedValues(first.records);
  for (const value of twice) {
    if (rules.idempotent?.includes(producerOf(value))) found.push(`twice: ${value.trim()}`);
  }
  return {
    contradictions: found,
    acknowledged: ledger.acknowledged.length,
    lost: lost.length,
    duplicates: twice.length,
    read: first.records.length,
  };
}

function differences(one: Reading, other: Reading): string[] {
  const byPlace = new Map(other.records.map((record) => [placeOf(record), record.value]));
  const found: string[] = [];
  if (one.records.length !== other.records.length) {
    const [a, b] = [one.records.length, other.records.length];
    found.push(`${one.client} read ${a} records, ${other.client} ${b}`);
  }
  for (const record of one.records) {
    const value = byPlace.get(placeOf(record));
    if (value === record.value) continue;
    found.push(`${placeOf(record)}: ${one.client} read ${record.value}, ${other.client} ${value}`);
  }
  return found;
}

function lostRecords(
  ledger: Ledger,
  records: readonly LedgerRecord[],
  { mayBeMissing = () => false }: LedgerRules,
): string[] {
  const byPlace = new Map(records.map((record) => [placeOf(record), record.value]));
  const values = new Map(records.map(({ partition, value }) => [value, partition]));
  return ledger.acknowledged
    .filter((record) =>
      record.offset >= 0
        ? byPlace.get(placeOf(record)) !== record.value
        : values.get(record.value) !== record.partition,
    )
    .filter((record) => !mayBeMissing(record))
    .map((record) => `lost: ${record.value.trim()}, acknowledged at ${placeOf(record)}`);
}

function inventions(ledger: Ledger, records: readonly LedgerRecord[]): string[] {
  return records
    .filter(({ value }) => value === null || !ledger.attempted.has(value))
    .map((record) => `invented: ${record.value} at ${placeOf(record)}`);
}

function unseen(
  ledger: Ledger,
  records: readonly LedgerRecord[],
  { mayBeMissing = () => false }: LedgerRules,
): string[] {
  const byPlace = new Map(records.map((record) => [placeOf(record), record.value]));
  const found: string[] = [];
  for (const [place, value] of ledger.seen) {
    if (byPlace.get(place) === value) continue;
    const [partition, offset] = place.split('/').map(Number) as [number, number];
    if (mayBeMissing({ partition, offset, value })) continue;
    found.push(`disappeared: ${place} was seen as ${value.trim()}, is ${byPlace.get(place)}`);
  }
  return found;
}

/** Offsets rise, by one each; values of one producer keep their order at their first occurrence. */
function unordered(
  records: readonly LedgerRecord[],
  { mayHaveGaps = false }: LedgerRules,
): string[] {
  const found: string[] = [];
  const lastOffset = new Map<number, number>();
  const lastNumber = new Map<string, number>();
  const known = new Set<string>();
  for (const { partition, offset, value } of records) {
    const before = lastOffset.get(partition);
    lastOffset.set(partition, offset);
    if (before !== undefined && offset <= before) {
      found.push(`offset ${offset} of partition ${partition} comes after ${before}`);
    } else if (before !== undefined && offset !== before + 1 && !mayHaveGaps) {
      found.push(`offsets ${before + 1} to ${offset - 1} of partition ${partition} are missing`);
    }
    if (value === null || known.has(value)) continue;
    known.add(value);
    const [producer, number] = [producerOf(value), Number(value.split(' ')[1])];
    const lane = `${partition}/${producer}`;
    const last = lastNumber.get(lane) ?? -1;
    if (number < last) found.push(`out of order: ${producer} ${number} comes after ${last}`);
    lastNumber.set(lane, number);
  }
  return found;
}

function repeatedValues(records: readonly LedgerRecord[]): string[] {
  const counts = new Map<string, number>();
  for (const { value } of records) counts.set(value ?? '', (counts.get(value ?? '') ?? 0) + 1);
  return [...counts].filter(([, count]) => count > 1).map(([value]) => value);
}

function producerOf(value: string): string {
  return value.slice(0, value.indexOf(' '));
}

function placeOf({ partition, offset }: { partition: number; offset: number }): string {
  return `${partition}/${offset}`;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
