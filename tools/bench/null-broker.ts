// A broker that keeps nothing: the ceiling of what a client can reach on this machine. It receives
// and decodes as ours does, answers Produce without checking or writing, and Fetch from memory.
// Every topic exists; its name says how it is made: `…-p12-r1024` has 12 partitions, and records of
// 1,024 bytes to fetch, without end. Usage: null-broker.ts PORT
import { createServer, type Socket } from 'node:net';
import { receiveInto } from '@penstock/kafka-broker';
import {
  advertisedVersions,
  ApiKeys,
  decodeRequest,
  encodeRecordBatch,
  encodeResponse,
  type ApiKey,
  type Request,
  type RequestFor,
  type ResponseInputOf,
} from '@penstock/kafka-protocol';

/** Room for the largest request of a measurement, and what came with it. */
const RECEIVE_BYTES = 8 * 1024 * 1024;
const BATCH_BYTES = 16 * 1024;
/** More than anybody fetches in a measurement. */
const END_OFFSET = 2 ** 40;
const NODE_ID = 1;

const port = Number(process.argv[2]);
const host = '127.0.0.1';
createServer({ noDelay: true, pauseOnConnect: true }, serve).listen({ port, host });

function serve(accepted: Socket): void {
  const received = Buffer.allocUnsafeSlow(RECEIVE_BYTES);
  let end = 0;
  const { socket } = receiveInto(accepted, {
    target: () => received.subarray(end),
    onRead(bytes) {
      end += bytes;
      let start = 0;
      while (end - start >= 4 && end - start - 4 >= received.readInt32BE(start)) {
        const next = start + 4 + received.readInt32BE(start);
        answer(socket, received.subarray(start + 4, next));
        start = next;
      }
      received.copyWithin(0, start, end);
      end -= start;
      return true;
    },
  });
  socket.on('error', () => socket.destroy());
}

function answer(socket: Socket, frame: Buffer): void {
  const request = decodeRequest(frame);
  const body = answerTo(request);
  if (body === null) return;
  const { apiKey, apiVersion, correlationId } = request;
  const chunks = encodeResponse(apiKey, apiVersion, correlationId, body as never);
  if (chunks.length > 1) socket.cork();
  for (const chunk of chunks) socket.write(chunk);
  if (chunks.length > 1) socket.uncork();
}

function answerTo(request: Request): ResponseInputOf<ApiKey> | null {
  switch (request.apiKey) {
    case ApiKeys.Produce:
      return request.body.acks === 0 ? null : produced(request);
    case ApiKeys.Fetch:
      return fetched(request);
    case ApiKeys.Metadata:
      return metadata(request);
    case ApiKeys.ListOffsets:
      return listedOffsets(request);
    case ApiKeys.ApiVersions:
      return { errorCode: 0, apiKeys: advertisedVersions(Object.values(ApiKeys)) };
    case ApiKeys.InitProducerId:
      return { errorCode: 0, producerId: 1, producerEpoch: 0 };
    default:
      return answerToMember(request);
  }
}

/** Of a group there is only ever one member, which is its leader. */
function answerToMember(request: Request): ResponseInputOf<ApiKey> {
  switch (request.apiKey) {
    case ApiKeys.FindCoordinator: {
      const found = { nodeId: NODE_ID, host, port, errorCode: 0, errorMessage: null };
      const coordinators = request.body.coordinatorKeys.map((key) => ({ key, ...found }));
      return { ...found, coordinators };
    }
    case ApiKeys.JoinGroup: {
      const { protocolType, protocols } = request.body;
      const [{ name, metadata: subscription }] = protocols as [(typeof protocols)[0]];
      const members = [{ memberId: 'member', metadata: subscription }];
      const joined = { errorCode: 0, generationId: 1, protocolType, protocolName: name };
      const me = { leader: 'member', memberId: 'member', skipAssignment: false };
      return { ...joined, ...me, members };
    }
    case ApiKeys.SyncGroup: {
      const { protocolType, protocolName, assignments } = request.body;
      const [{ assignment }] = assignments as [(typeof assignments)[0]];
      return { errorCode: 0, protocolType, protocolName, assignment };
    }
    case ApiKeys.OffsetFetch:
      return committedOffsets(request);
    case ApiKeys.OffsetCommit:
      return { topics: request.body.topics.map(committed) };
    case ApiKeys.Heartbeat:
      return { errorCode: 0 };
    case ApiKeys.LeaveGroup: {
      const left = { groupInstanceId: null, errorCode: 0 };
      const members = request.body.members.map(({ memberId }) => ({ memberId, ...left }));
      return { errorCode: 0, members };
    }
    default:
      throw new Error(`the null broker does not know API ${request.apiKey}`);
  }
}

function produced({ body }: RequestFor<typeof ApiKeys.Produce>) {
  const responses = body.topicData.map(({ name, partitionData }) => ({
    name,
    partitionResponses: partitionData.map(({ index }) => {
      return { index, errorCode: 0, baseOffset: 0, recordErrors: [] };
    }),
  }));
  return { responses };
}

function metadata({ body }: RequestFor<typeof ApiKeys.Metadata>) {
  const topics = (body.topics ?? []).map((topic) => {
    const name = topic.name ?? nameOf(topic.topicId);
    const partitions = Array.from({ length: partitionsOf(name) }, (_, partitionIndex) => {
      const replicas = { replicaNodes: [NODE_ID], isrNodes: [NODE_ID], offlineReplicas: [] };
      return { errorCode: 0, partitionIndex, leaderId: NODE_ID, leaderEpoch: 0, ...replicas };
    });
    return { errorCode: 0, name, topicId: idOf(name), isInternal: false, partitions };
  });
  return {
    brokers: [{ nodeId: NODE_ID, host, port }],
    clusterId: 'null',
    controllerId: NODE_ID,
    topics,
    errorCode: 0,
  };
}

function listedOffsets({ body }: RequestFor<typeof ApiKeys.ListOffsets>) {
  const topics = body.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex, timestamp }) => {
      return { partitionIndex, errorCode: 0, offset: timestamp === -2 ? 0 : END_OFFSET };
    }),
  }));
  return { topics };
}

type Topic = { name: string; partitions: readonly { partitionIndex: number }[] };

function committed({ name, partitions }: Topic) {
  return { name, partitions: partitions.map((each) => ({ ...each, errorCode: 0 })) };
}

function committedOffsets({ body }: RequestFor<typeof ApiKeys.OffsetFetch>) {
  const none = (topics: readonly { name: string; partitionIndexes: readonly number[] }[] | null) =>
    (topics ?? []).map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partitionIndex) => {
        return { partitionIndex, committedOffset: -1, metadata: '', errorCode: 0 };
      }),
    }));
  const groups = body.groups.map(({ groupId, topics }) => {
    return { groupId, topics: none(topics), errorCode: 0 };
  });
  return { topics: none(body.topics), errorCode: 0, groups };
}

function fetched({ body }: RequestFor<typeof ApiKeys.Fetch>) {
  let room = body.maxBytes;
  const responses = body.topics.map(({ topic, topicId, partitions }) => ({
    topic,
    topicId,
    partitions: partitions.map(({ partition, fetchOffset, partitionMaxBytes }) => {
      const name = topic === '' ? nameOf(topicId) : topic;
      const stream = streamOf(name, partition);
      const records = stream.read(fetchOffset, Math.min(room, partitionMaxBytes));
      room -= records.length;
      const watermark = { highWatermark: END_OFFSET, lastStableOffset: END_OFFSET };
      const rest = { logStartOffset: 0, abortedTransactions: null, records };
      return { partitionIndex: partition, errorCode: 0, ...watermark, ...rest };
    }),
  }));
  return { errorCode: 0, sessionId: 0, responses };
}

/** The same record batches again and again; only their offsets are written anew for each answer. */
class Stream {
  readonly #perBatch: number;
  readonly #batchBytes: number;
  readonly #bytes: Buffer;

  constructor(recordBytes: number) {
    this.#perBatch = Math.max(1, Math.floor(BATCH_BYTES / recordBytes) - 1);
    const timestamp = Date.now();
    const value = Buffer.alloc(recordBytes, 'x');
    const records = Array.from({ length: this.#perBatch }, () => ({ timestamp, value }));
    const batch = encodeRecordBatch({ records });
    this.#batchBytes = batch.length;
    this.#bytes = Buffer.alloc(Math.max(1, Math.floor(2 ** 20 / batch.length)) * batch.length);
    this.#bytes.fill(batch);
  }

  read(offset: number, bytesMax: number): Buffer {
    const count = Math.floor(Math.min(this.#bytes.length, bytesMax) / this.#batchBytes);
    const base = offset - (offset % this.#perBatch);
    // The base offset is not part of what a batch's CRC covers.
    for (let i = 0; i < count; i++) {
      const baseOffset = BigInt(base + i * this.#perBatch);
      this.#bytes.writeBigInt64BE(baseOffset, i * this.#batchBytes);
    }
    return this.#bytes.subarray(0, count * this.#batchBytes);
  }
}

const streams = new Map<string, Stream>();
const names: string[] = [];

function streamOf(name: string, partition: number): Stream {
  const key = `${name} ${partition}`;
  const stream = streams.get(key) ?? new Stream(numberIn(name, 'r', 100));
  streams.set(key, stream);
  return stream;
}

function partitionsOf(name: string): number {
  return numberIn(name, 'p', 1);
}

function numberIn(name: string, letter: string, otherwise: number): number {
  return Number(new RegExp(`-${letter}(\\d+)`).exec(name)?.[1] ?? otherwise);
}

/** Ids count topics up, so that a fetch by id finds the name again. */
function idOf(name: string): string {
  if (!names.includes(name)) names.push(name);
  const number = String(names.indexOf(name) + 1).padStart(12, '0');
  return `00000000-0000-4000-8000-${number}`;
}

function nameOf(topicId: string): string {
  return names[Number(topicId.slice(-12)) - 1] ?? '';
}
