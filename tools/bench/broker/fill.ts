// Writes a topic as fast as a broker takes it, in a process of its own that costs next to nothing:
// its one request is made once. Usage, one object of JSON as argument:
//   {"port":…,"topic":…,"partitions":…,"recordBytes":…,"batchBytes":…,"seconds":…,"bytes":…}
// Ends after so many seconds, or when so many bytes of record values (null: any number) were
// acknowledged by all replicas.
import { connect } from 'node:net';
import {
  ApiKeys,
  decodeResponse,
  encodeRecordBatch,
  encodeRequest,
  FrameSplitter,
} from '@penstock/kafka-protocol';

interface Load {
  readonly port: number;
  readonly topic: string;
  readonly partitions: number;
  readonly recordBytes: number;
  readonly batchBytes: number;
  readonly seconds: number;
  readonly bytes: number | null;
}

/** As many as Kafka's own producer keeps under way. */
const IN_FLIGHT = 5;
const FRAME_BYTES_MAX = 256 * 1024 * 1024;
const PRODUCE_VERSION = 9;

const load = JSON.parse(process.argv[2]!) as Load;
const perBatch = Math.max(1, Math.floor(load.batchBytes / load.recordBytes));
const bytesPerRequest = perBatch * load.partitions * load.recordBytes;
const request = produceRequest();
const until = performance.now() + load.seconds * 1000;
const socket = connect({ port: load.port, host: '127.0.0.1', noDelay: true });
const splitter = new FrameSplitter(FRAME_BYTES_MAX);
let underWay = 0;
let answered = 0;

socket.on('data', (chunk: Buffer) => splitter.push(chunk).forEach(takeAnswer));
for (let count = 0; count < IN_FLIGHT; count++) send();

function send(): void {
  underWay += 1;
  socket.write(request);
}

function takeAnswer(frame: Buffer): void {
  const { body } = decodeResponse(ApiKeys.Produce, PRODUCE_VERSION, frame);
  const refused = body.responses[0]!.partitionResponses.find(({ errorCode }) => errorCode !== 0);
  if (refused !== undefined) throw new Error(`error ${refused.errorCode}`);
  underWay -= 1;
  answered += 1;
  const isEnough = (answered + underWay) * bytesPerRequest >= (load.bytes ?? Infinity);
  if (performance.now() < until && !isEnough) send();
  if (underWay === 0) socket.end();
}

function produceRequest(): Buffer {
  const timestamp = Date.now();
  const value = Buffer.alloc(load.recordBytes, 'x');
  const records = encodeRecordBatch({
    records: Array.from({ length: perBatch }, () => ({ timestamp, value })),
  });
  const partitionData = Array.from({ length: load.partitions }, (_, index) => ({ index, records }));
  return Buffer.concat(
    encodeRequest(
      ApiKeys.Produce,
      PRODUCE_VERSION,
      { correlationId: 1, clientId: 'bench' },
      {
        transactionalId: null,
        acks: -1,
        timeoutMs: 30_000,
        topicData: [{ name: load.topic, partitionData }],
      },
    ),
  );
}
