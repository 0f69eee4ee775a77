import { useMemo, useState } from 'react';
import type { BrowsedTopic } from './browsed-topic.ts';

interface EndsAt {
  at: number;
  ends: ReadonlyMap<number, number>;
}

const rateWindowMs = 10_000;

/** The answers of the last 10 s, from which the rate of each partition follows. */
class PartitionMeter {
  #answers: readonly EndsAt[] = [];

  measure(topic: BrowsedTopic, at: number): ReadonlyMap<number, number> {
    if (this.#answers.at(-1)?.at !== at) {
      const ends = new Map(topic.partitions.map((p) => [p.partition, p.endOffset ?? 0]));
      const recent = this.#answers.filter((answer) => at - answer.at <= rateWindowMs);
      this.#answers = [...recent, { at, ends }];
    }
    return partitionRates(this.#answers);
  }
}

/**
 * Records per second of each partition; empty until two answers exist. `at`: when `topic` came, ms.
 */
export function usePartitionRates(topic: BrowsedTopic, at: number): ReadonlyMap<number, number> {
  const [meter] = useState(() => new PartitionMeter());
  return useMemo(() => meter.measure(topic, at), [meter, topic, at]);
}

/** Growth between the oldest and the newest answer, records per second. */
export function partitionRates(answers: readonly EndsAt[]): ReadonlyMap<number, number> {
  const first = answers[0];
  const last = answers.at(-1);
  const rates = new Map<number, number>();
  if (!first || !last || last.at - first.at < 1_000) return rates;
  for (const [partition, end] of last.ends) {
    const before = first.ends.get(partition);
    if (before === undefined) continue;
    rates.set(partition, (Math.max(0, end - before) / (last.at - first.at)) * 1000);
  }
  return rates;
}
