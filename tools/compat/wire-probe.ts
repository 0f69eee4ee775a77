import { ApiKeys } from '@penstock/kafka-protocol';
import { WireClient } from '@penstock/testing';
import type { Codec, Place } from './protocol.ts';

const codecs: readonly Codec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

/** The header of one record batch as it lies in the log. */
export interface BatchHeader {
  baseOffset: number;
  bytes: number;
  codec: Codec;
  records: number;
  producerId: number;
  baseSequence: number;
}

/** Batches of a partition from an offset on, as the broker serves them, by no client library. */
export async function batchesOf(
  servers: string,
  place: Place,
  fromOffset = 0,
): Promise<BatchHeader[]> {
  await using wire = await connectTo(servers);
  const answer = await wire.send(ApiKeys.Fetch, 11, {
    maxWaitMs: 0,
    minBytes: 0,
    isolationLevel: 0,
    sessionId: 0,
    rackId: '',
    topics: [
      {
        topic: place.topic,
        topicId: '00000000-0000-0000-0000-000000000000',
        partitions: [
          { partition: place.partition, fetchOffset: fromOffset, partitionMaxBytes: 50_000_000 },
        ],
      },
    ],
  });
  const partition = answer.responses[0]?.partitions[0];
  if (partition === undefined || partition.errorCode !== 0) {
    throw new Error(`Fetch of ${place.topic}-${place.partition}: error ${partition?.errorCode}`);
  }
  return headersOf(partition.records);
}

function headersOf(records: Uint8Array | null): BatchHeader[] {
  if (records === null) return [];
  const view = Buffer.from(records.buffer, records.byteOffset, records.byteLength);
  const headers: BatchHeader[] = [];
  for (let at = 0; at + 61 <= view.length;) {
    const bytes = view.readInt32BE(at + 8) + 12;
    if (at + bytes > view.length) break;
    headers.push({
      baseOffset: Number(view.readBigInt64BE(at)),
      bytes,
      codec: codecs[view.readInt16BE(at + 21) & 7]!,
      records: view.readInt32BE(at + 57),
      producerId: Number(view.readBigInt64BE(at + 43)),
      baseSequence: view.readInt32BE(at + 53),
    });
    at += bytes;
  }
  return headers;
}

/** Fails where nothing answers. */
export async function answersApiVersions(servers: string): Promise<void> {
  await using wire = await connectTo(servers);
  const software = { clientSoftwareName: 'compat', clientSoftwareVersion: '1' };
  await wire.send(ApiKeys.ApiVersions, 3, software);
}

/** A connection that is spoken to request by request; `servers` is one host:port. */
export function connectTo(servers: string): Promise<WireClient> {
  const at = servers.lastIndexOf(':');
  return WireClient.connect(Number(servers.slice(at + 1)), servers.slice(0, at));
}
