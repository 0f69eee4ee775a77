import {
  auditLedger,
  externalTool,
  type Ledger,
  type LedgerRules,
  type LedgerVerdict,
  type Penstock,
} from '@penstock/testing';
import { expect } from 'vitest';
import { readAll } from '../acceptance/kafka-reader.ts';
import { readAllByKcat } from '../acceptance/kcat.ts';
import { TOPIC } from './broker.ts';
import { readByWire } from './wire-reader.ts';

const SHOWN_MAX = 10;

/**
 * Reads the topic by two independent clients and holds it against the ledger; nothing may be wrong.
 */
export async function auditTopic(
  penstock: Penstock,
  partitions: number,
  ledger: Ledger,
  rules: LedgerRules = {},
): Promise<LedgerVerdict> {
  const { records, problems } = await readByWire(penstock.kafkaPort, partitions);
  const hasKcat = externalTool('kcat') !== undefined;
  const other = hasKcat
    ? await readAllByKcat(penstock.bootstrapServers, TOPIC)
    : await readAll(penstock.bootstrapServers, TOPIC);
  const readings = [
    { client: 'wire', records },
    { client: hasKcat ? 'kcat' : 'kafkajs', records: other },
  ];
  const verdict = auditLedger(ledger, readings, rules);
  expect(problems).toEqual([]);
  expect(verdict.contradictions.slice(0, SHOWN_MAX)).toEqual([]);
  expect(verdict.acknowledged).toBeGreaterThan(0);
  return verdict;
}
