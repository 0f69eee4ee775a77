import { contentOf, numberedRecords, type BrokerUnderTest } from './check.ts';
import type { Client } from './clients/client.ts';
import { NotOffered } from './driver.ts';
import type { Codec, ReadRecord } from './protocol.ts';
import { isDeepStrictEqual } from 'node:util';
import { table } from './report.ts';

const codecs: readonly Codec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const RECORDS = 60;

export interface CrossReadings {
  clients: readonly string[];
  /** By reader, then by writer: the codecs that were read equal. */
  read: ReadonlyMap<string, ReadonlyMap<string, readonly Codec[]>>;
  failures: readonly { reason: string }[];
}

/**
 * Every client writes with every codec, every client reads all of it: keys, values, headers,
 * timestamps.
 */
export async function crossReadings(
  clients: readonly Client[],
  broker: BrokerUnderTest,
  run: string,
  say: (line: string) => void,
): Promise<CrossReadings> {
  const failures: { reason: string }[] = [];
  const start = Date.now() - 86_400_000;
  const written = new Map<string, Codec[]>();
  for (const writer of clients) {
    say(`matrix: ${writer.name} writes`);
    written.set(writer.name, await writeAll(writer, broker, topicOf(run, writer), start, failures));
  }
  const read = new Map<string, Map<string, Codec[]>>();
  for (const reader of clients) {
    say(`matrix: ${reader.name} reads`);
    const driver = reader.start(broker.servers);
    const row = new Map<string, Codec[]>();
    for (const writer of clients) {
      const equal: Codec[] = [];
      for (const codec of written.get(writer.name)!) {
        const place = { topic: topicOf(run, writer), partition: codecs.indexOf(codec) };
        const wanted = writer.lacks?.includes('timestamps') ? undefined : start;
        try {
          const request = { ...place, from: 'earliest', count: RECORDS } as const;
          const { records } = await driver.do('read', request);
          expectSame(records, wanted);
          equal.push(codec);
        } catch (error) {
          const reason = (error as Error).message;
          failures.push({ reason: `${reader.name} reads ${codec} of ${writer.name}: ${reason}` });
        }
      }
      row.set(writer.name, equal);
    }
    read.set(reader.name, row);
    await driver.kill();
  }
  return { clients: clients.map(({ name }) => name), read, failures };
}

function topicOf(run: string, writer: Client): string {
  return `compat-${run}-matrix-${writer.name}`;
}

async function writeAll(
  writer: Client,
  broker: BrokerUnderTest,
  topic: string,
  start: number,
  failures: { reason: string }[],
): Promise<Codec[]> {
  const driver = writer.start(broker.servers);
  const helper = writer.helper?.(broker.servers);
  const done: Codec[] = [];
  await (helper ?? driver).do('createTopic', { topic, partitions: codecs.length });
  const timed = writer.lacks?.includes('timestamps') !== true;
  const records = numberedRecords(RECORDS, timed ? { timestamps: start } : {});
  for (const [partition, codec] of codecs.entries()) {
    try {
      await driver.do('produce', { topic, partition, codec, records });
      done.push(codec);
    } catch (error) {
      if (error instanceof NotOffered) continue;
      failures.push({ reason: `${writer.name} writes ${codec}: ${(error as Error).message}` });
    }
  }
  await driver.kill();
  await helper?.kill();
  return done;
}

function expectSame(records: readonly ReadRecord[], start: number | undefined): void {
  const wanted = numberedRecords(RECORDS);
  if (records.length !== RECORDS) throw new Error(`${records.length} records of ${RECORDS}`);
  for (const [index, record] of records.entries()) {
    if (!isDeepStrictEqual(contentOf(record), contentOf(wanted[index]!))) {
      throw new Error(`record ${index} is ${JSON.stringify(record).slice(0, 300)}`);
    }
    if (start !== undefined && record.timestamp !== start + index * 1000) {
      throw new Error(`record ${index} has timestamp ${record.timestamp}`);
    }
  }
}

/** Readers as rows, writers as columns; a cell is the number of codecs read equal. */
export function matrixTable({ clients, read }: CrossReadings): string {
  return table([
    ['reads ↓ what … wrote →', ...clients],
    ...clients.map((reader) => [
      reader,
      ...clients.map((writer) => `${read.get(reader)!.get(writer)!.length} codecs`),
    ]),
  ]);
}
