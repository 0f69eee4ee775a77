import {
  ApiKeys,
  decodeRequest,
  decodeRequestHeader,
  decodeResponse,
  encodeResponse,
  FrameSplitter,
  type ResponseOf,
} from '@penstock/kafka-protocol';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

type PartitionAnswer = ResponseOf<
  typeof ApiKeys.Produce
>['responses'][number]['partitionResponses'][number];

/** What happens to a Produce request on its way to the broker, or to its answer on the way back. */
export interface ProduceFault {
  /** Whether the broker gets the request all the same. */
  readonly appended: boolean;
  /** What is answered for each partition; left out: the connection is cut instead. */
  readonly answer?: Partial<PartitionAnswer> & { readonly errorCode: number };
}

const FRAME_BYTES_MAX = 64 * 1024 * 1024;

/**
 * A proxy before a real broker, which must advertise the proxy's port: it lets through what it does
 * not understand, and gives Produce requests the fate that a cluster in trouble would give them.
 */
export class ProduceFaultProxy implements AsyncDisposable {
  /** Asked for every Produce request; undefined lets it pass. */
  fault: (() => ProduceFault | undefined) | undefined;
  /** Produce requests that came in. */
  producesTotal = 0;
  readonly #upstreamPort: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(upstreamPort: number) {
    this.#upstreamPort = upstreamPort;
    this.#server = createServer({ noDelay: true }, (client) => this.#accept(client));
  }

  /** @param upstreamPort of a broker that may start after its proxy */
  static async start(upstreamPort: number): Promise<ProduceFaultProxy> {
    const proxy = new ProduceFaultProxy(upstreamPort);
    proxy.#server.listen({ host: '127.0.0.1', port: 0 });
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket): void {
    const broker = connect({ host: '127.0.0.1', port: this.#upstreamPort, noDelay: true });
    const cut = (): void => {
      client.destroy();
      broker.destroy();
    };
    for (const socket of [client, broker]) {
      this.#sockets.add(socket);
      socket.on('error', cut);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        cut();
      });
    }
    const faults = new Map<number, { readonly fault: ProduceFault; readonly version: number }>();
    const requests = new FrameSplitter(FRAME_BYTES_MAX);
    client.on('data', (chunk) => {
      for (const frame of requests.push(chunk)) {
        const { apiKey, apiVersion: version, correlationId } = decodeRequestHeader(frame);
        const fault = apiKey === ApiKeys.Produce ? this.#faultOfNext() : undefined;
        if (fault !== undefined) faults.set(correlationId, { fault, version });
        if (fault?.appended ?? true) broker.write(framed(frame));
        else if (fault?.answer === undefined) cut();
        else write(client, encodeAnswer(frame, fault.answer));
      }
    });
    const answers = new FrameSplitter(FRAME_BYTES_MAX);
    broker.on('data', (chunk) => {
      for (const frame of answers.push(chunk)) {
        const met = faults.get(frame.readInt32BE(0));
        if (met === undefined) client.write(framed(frame));
        else if (met.fault.answer === undefined) cut();
        else write(client, changeAnswer(frame, met.version, met.fault.answer));
      }
    });
  }

  #faultOfNext(): ProduceFault | undefined {
    this.producesTotal += 1;
    return this.fault?.();
  }
}

/** The answer of a broker that did not append what the request carries. */
function encodeAnswer(frame: Buffer, answer: Partial<PartitionAnswer>): Buffer[] {
  const request = decodeRequest(frame);
  if (request.apiKey !== ApiKeys.Produce) throw new Error('only Produce is answered here');
  const { apiVersion, correlationId, body } = request;
  return encodeResponse(ApiKeys.Produce, apiVersion, correlationId, {
    responses: body.topicData.map(({ name, partitionData }) => ({
      name,
      partitionResponses: partitionData.map(({ index }) => ({
        index,
        errorCode: 0,
        baseOffset: -1,
        recordErrors: [],
        ...answer,
      })),
    })),
  });
}

function changeAnswer(frame: Buffer, version: number, answer: Partial<PartitionAnswer>): Buffer[] {
  const { correlationId, body } = decodeResponse(ApiKeys.Produce, version, frame);
  return encodeResponse(ApiKeys.Produce, version, correlationId, {
    ...body,
    responses: body.responses.map((topic) => ({
      ...topic,
      partitionResponses: topic.partitionResponses.map((partition) => ({
        ...partition,
        baseOffset: -1,
        ...answer,
      })),
    })),
  });
}

function framed(frame: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeInt32BE(frame.length);
  return Buffer.concat([size, frame]);
}

function write(socket: Socket, chunks: readonly Buffer[]): void {
  for (const chunk of chunks) socket.write(chunk);
}
