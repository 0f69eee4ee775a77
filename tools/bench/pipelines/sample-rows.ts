import { ApiKeys } from '@penstock/kafka-protocol';
import { eventually, startPenstock, WireClient } from '@penstock/testing';
import { httpLoad, type Length, type Measurement } from '../measurement.ts';

const SOURCE = 'earthquakes';
/** The sample of this name, and its consumer group. */
const PIPELINE = 'earthquake-alerts';
const PER_REQUEST = 100;

/**
 * A stream processor that finds a backlog: how fast it parses, filters, maps, writes and commits.
 */
export async function measureSample({ seconds }: Length): Promise<Measurement[]> {
  await using penstock = await startPenstock({ processes: ['broker', 'api'], redis: true });
  await httpLoad({
    port: penstock.httpPort,
    path: `/ingest/${SOURCE}`,
    contentType: 'application/x-ndjson',
    body: Array.from({ length: PER_REQUEST }, (_, index) => earthquake(index)).join('\n'),
    connections: 4,
    seconds,
  });
  await using client = await WireClient.connect(penstock.kafkaPort);
  const records = await endOffset(client);
  await penstock.start('worker');
  const begun = await committedFrom(client, 1);
  const done = await committedFrom(client, records);
  const rate = (done.offset - begun.offset) / ((done.at - begun.at) / 1000);
  return [
    {
      name: `stream processor ${PIPELINE}`,
      value: `${Math.round(rate).toLocaleString('en')} records/s`,
      how: `backlog of ${records.toLocaleString('en')} records, ${earthquake(0).length} B, one in ten becomes an alert, fsync`,
    },
  ];
}

/** Waits until the group has committed so much. */
async function committedFrom(client: WireClient, wanted: number) {
  return eventually(
    async () => {
      const { topics } = await client.send(ApiKeys.OffsetFetch, 7, {
        groupId: PIPELINE,
        topics: null,
        requireStable: false,
      });
      const offset = topics[0]?.partitions[0]?.committedOffset ?? -1;
      return offset >= wanted && { offset, at: performance.now() };
    },
    { deadlineMs: 300_000, intervalMs: 5, what: `offset ${wanted} committed by ${PIPELINE}` },
  );
}

async function endOffset(client: WireClient): Promise<number> {
  const { topics } = await client.send(ApiKeys.ListOffsets, 5, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [
      { name: SOURCE, partitions: [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -1 }] },
    ],
  });
  return topics[0]!.partitions[0]!.offset;
}

function earthquake(index: number): string {
  return JSON.stringify({
    id: `bench-${index}`,
    type: 'Feature',
    properties: {
      mag: index % 10 === 0 ? 5 : 2,
      place: '12 km SSW of a place with a name',
      time: 1_700_000_000_000 + index,
      url: 'https://earthquakes.example/event/bench',
      tsunami: 0,
    },
    geometry: { type: 'Point', coordinates: [-117.5, 35.7, 8.2] },
  });
}
