import { deserialize, serialize } from 'node:v8';
import type { OutputRecord, OutputRow, TaskOutput } from './task-output.ts';

/**
 * Outputs as bytes, for the state that keeps them until they are delivered:
 *
 * | bytes | content |
 * |---|---|
 * | 1 | version of this layout, 1; another one is refused |
 * | 4 | length of what follows next, big-endian |
 * | so many | JSON: what each output is, and how long its parts are (−1 stands for null) |
 * | the rest | the parts, one behind the other |
 *
 * The parts of a record are its key, its value, and name and value of each header; that of a row is
 * its value as V8 serializes it.
 */
const VERSION = 1;
const HEAD_BYTES = 5;

type KeptRecord = readonly [
  topic: string,
  partition: number | null,
  key: number,
  value: number,
  headers: readonly number[],
  timestamp: number | null,
  source: readonly [topic: string, partition: number, offset: number] | null,
  purpose: OutputRecord['purpose'],
];
type KeptRow = readonly [fileName: string, id: string, order: string, value: number];

export function encodeOutputs(outputs: readonly TaskOutput[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const length = (part: Uint8Array | null): number => {
    if (part === null) return -1;
    parts.push(part);
    return part.length;
  };
  const kept = outputs.map((output): KeptRecord | KeptRow => {
    if (output.kind === 'row') {
      return [output.fileName, output.id, output.order, length(serialize(output.value))];
    }
    const { topic, partition, key, value, headers, timestamp = null, source, purpose } = output;
    return [
      topic,
      partition,
      length(key),
      length(value),
      headers.flatMap(([name, content]) => [length(name), length(content)]),
      timestamp,
      source === null ? null : [source.topic, source.partition, source.offset],
      purpose,
    ];
  });
  const description = Buffer.from(JSON.stringify(kept));
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt8(VERSION);
  head.writeUInt32BE(description.length, 1);
  return Buffer.concat([head, description, ...parts]);
}

/** Throws TypeError when another version of the layout wrote them. */
export function decodeOutputs(kept: Uint8Array): TaskOutput[] {
  const bytes = Buffer.from(kept.buffer, kept.byteOffset, kept.byteLength);
  const version = bytes[0];
  if (version !== VERSION) {
    throw new TypeError(`kept outputs have the layout ${version}; this version reads ${VERSION}`);
  }
  let at = HEAD_BYTES + bytes.readUInt32BE(1);
  const take = (length: number): Buffer | null => {
    if (length < 0) return null;
    at += length;
    return bytes.subarray(at - length, at);
  };
  const description = bytes.toString('utf8', HEAD_BYTES, at);
  const outputs = JSON.parse(description) as ReadonlyArray<KeptRecord | KeptRow>;
  return outputs.map((output) =>
    output.length === 4 ? toRow(output, take) : toRecord(output, take),
  );
}

type Take = (length: number) => Buffer | null;

function toRow([fileName, id, order, length]: KeptRow, take: Take): OutputRow {
  const value: unknown = deserialize(take(length) as Buffer);
  return { kind: 'row', fileName, id, order, value };
}

function toRecord(kept: KeptRecord, take: Take): OutputRecord {
  const [topic, partition, key, value, headers, timestamp, source, purpose] = kept;
  const record = { kind: 'record', topic, partition, key: take(key), value: take(value) } as const;
  const made: Array<readonly [Buffer, Buffer | null]> = [];
  for (let at = 0; at < headers.length; at += 2) {
    made.push([take(headers[at] as number) as Buffer, take(headers[at + 1] as number)]);
  }
  return {
    ...record,
    headers: made,
    timestamp: timestamp ?? undefined,
    source: source === null ? null : { topic: source[0], partition: source[1], offset: source[2] },
    purpose,
  };
}
