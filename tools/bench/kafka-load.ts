// A Kafka client that costs next to nothing, in a process of its own: what it sends is made once,
// and of what it gets only the headers of the record batches are read. Usage, one object of JSON as
// argument:
//   {"mode":"produce"|"fetch","port":…,"topic":…,"partitions":…,"recordBytes":…,"batchBytes":…,"seconds":…,"acks":…,"bytes":…}
// Ends after so many seconds, or when so many bytes of record values were acknowledged.
// Prints one object of JSON: records, bytes (of record values), seconds, and CPU seconds of this
// client.
import { connect, type Socket } from 'node:net';
import {
  ApiKeys,
  decodeResponse,
  encodeRecordBatch,
  encodeRequest,
  FrameSplitter,
  recordBatches,
  ZERO_UUID,
} from '@penstock/kafka-protocol';

interface Load {
  mode: 'produce' | 'fetch';
  port: number;
  topic: string;
  partitions: number;
  recordBytes: number;
  batchBytes: number;
  seconds: number;
  acks: number;
  bytes?: number | null;
}

/** As many as Kafka's own producer keeps under way. */
const IN_FLIGHT = 5;
const FRAME_BYTES_MAX = 256 * 1024 * 1024;
const PRODUCE_VERSION = 9;
const FETCH_VERSION = 12;
const header = { correlationId: 1, clientId: 'bench' };

const load = JSON.parse(process.argv[2]!) as Load;
const socket = connect({ port: load.port, host: '127.0.0.1', noDelay: true });
const cpuBefore = process.cpuUsage();
const result = load.mode === 'produce' ? await produce() : await fetch();
const cpu = process.cpuUsage(cpuBefore);
socket.destroy();
console.log(JSON.stringify({ ...result, cpuSeconds: (cpu.user + cpu.system) / 1e6 }));

async function produce() {
  const value = Buffer.alloc(load.recordBytes, 'x');
  const perBatch = Math.max(1, Math.floor(load.batchBytes / load.recordBytes));
  const timestamp = Date.now();
  const records = encodeRecordBatch({
    records: Array.from({ length: perBatch }, () => ({ timestamp, value })),
  });
  const request = Buffer.concat(
    encodeRequest(ApiKeys.Produce, PRODUCE_VERSION, header, {
      transactionalId: null,
      acks: load.acks,
      timeoutMs: 30_000,
      topicData: [
        {
          name: load.topic,
          partitionData: Array.from({ length: load.partitions }, (_, index) => ({
            index,
            records,
          })),
        },
      ],
    }),
  );
  const perRequest = perBatch * load.partitions;
  const startedAt = performance.now();
  const until = startedAt + load.seconds * 1000;
  const bytesMax = load.bytes ?? Infinity;
  let underWay = 0;
  let answered = 0;
  const send = () => {
    underWay++;
    socket.write(request);
  };
  for (let i = 0; i < IN_FLIGHT; i++) send();
  await onFrames(socket, (frame) => {
    const { body } = decodeResponse(ApiKeys.Produce, PRODUCE_VERSION, frame);
    const refused = body.responses[0]!.partitionResponses.find(({ errorCode }) => errorCode !== 0);
    if (refused !== undefined) throw new Error(`error ${refused.errorCode}`);
    underWay--;
    answered++;
    const isEnough = (answered + underWay) * perRequest * load.recordBytes >= bytesMax;
    if (performance.now() < until && !isEnough) send();
    return underWay === 0;
  });
  const seconds = (performance.now() - startedAt) / 1000;
  const count = answered * perRequest;
  return { records: count, bytes: count * load.recordBytes, seconds };
}

async function fetch() {
  const next = Array.from({ length: load.partitions }, () => 0);
  let records = 0;
  const ends = Array.from({ length: load.partitions }, () => Infinity);
  const send = () => {
    const partitions = next
      .map((fetchOffset, partition) => ({ partition, fetchOffset, partitionMaxBytes: 1024 * 1024 }))
      .filter(({ partition, fetchOffset }) => fetchOffset < ends[partition]!);
    const request = encodeRequest(ApiKeys.Fetch, FETCH_VERSION, header, {
      maxWaitMs: 500,
      minBytes: 1,
      maxBytes: 50 * 1024 * 1024,
      isolationLevel: 0,
      sessionId: 0,
      sessionEpoch: -1,
      topics: [{ topic: load.topic, topicId: ZERO_UUID, partitions }],
      rackId: '',
    });
    for (const chunk of request) socket.write(chunk);
  };
  const startedAt = performance.now();
  const until = startedAt + load.seconds * 1000;
  send();
  await onFrames(socket, (frame) => {
    const { body } = decodeResponse(ApiKeys.Fetch, FETCH_VERSION, frame);
    for (const partition of body.responses[0]?.partitions ?? []) {
      if (partition.errorCode !== 0) throw new Error(`error ${partition.errorCode}`);
      ends[partition.partitionIndex] = partition.highWatermark;
      for (const { header: batch } of recordBatches(partition.records ?? Buffer.alloc(0))) {
        records += batch.recordCount;
        next[partition.partitionIndex] = batch.baseOffset + batch.lastOffsetDelta + 1;
      }
    }
    const isDone = next.every((offset, partition) => offset >= ends[partition]!);
    if (isDone || performance.now() > until) return true;
    send();
    return false;
  });
  const seconds = (performance.now() - startedAt) / 1000;
  return { records, bytes: records * load.recordBytes, seconds };
}

/** Calls `take` with every answer until it returns true. */
function onFrames(from: Socket, take: (frame: Buffer) => boolean): Promise<void> {
  const frames = new FrameSplitter(FRAME_BYTES_MAX);
  return new Promise((resolve, reject) => {
    from.on('error', reject);
    from.on('close', () => reject(new Error('the broker closed the connection')));
    from.on('data', (chunk) => {
      try {
        for (const frame of frames.push(chunk)) if (take(frame)) return resolve();
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  });
}
