import {
  apiVersionsV3,
  Connection,
  createTopicsV7,
  deleteTopicsV6,
  describeConfigsV4,
  describeGroupsV5,
  describeLogDirsV4,
  fetchV12,
  listGroupsV4,
  listOffsetsV7,
  metadataV12,
  offsetFetchV8,
  produceV9,
  type API,
} from '@platformatic/kafka';
import { ClusterUnavailable } from './cluster-error.ts';

/**
 * One version of each API, spoken by every cluster from Apache Kafka 3.1 on (OffsetFetch v8, which
 * asks for many groups at once, came with 3.0; Metadata v12 with 3.1).
 */
export const clusterApis = {
  createTopics: createTopicsV7.api,
  deleteTopics: deleteTopicsV6.api,
  describeConfigs: describeConfigsV4.api,
  describeGroups: describeGroupsV5.api,
  describeLogDirs: describeLogDirsV4.api,
  fetch: fetchV12.api,
  listGroups: listGroupsV4.api,
  listOffsets: listOffsetsV7.api,
  metadata: metadataV12.api,
  offsetFetch: offsetFetchV8.api,
  produce: produceV9.api,
};

export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
}

export interface ConnectionLimits {
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
}

/**
 * A connection to one broker that is used once or thrown away: after the first failure of the
 * transport it refuses every further request, and its owner opens a new one. Clients that keep
 * retrying on a pooled connection were seen to wait on a dead socket long after the broker was
 * back.
 */
export class BrokerConnection {
  readonly address: BrokerAddress;
  readonly #connection: Connection;
  readonly #ranges = new Map<number, { minVersion: number; maxVersion: number }>();
  #failed = false;

  private constructor(address: BrokerAddress, connection: Connection) {
    this.address = address;
    this.#connection = connection;
  }

  static async open(
    address: BrokerAddress,
    clientId: string,
    limits: ConnectionLimits,
  ): Promise<BrokerConnection> {
    const connection = new Connection(clientId, {
      connectTimeout: limits.connectTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
    });
    const opened = new BrokerConnection(address, connection);
    // An emitter without this listener turns a reset connection into an uncaught exception.
    connection.on('error', () => opened.#fail());
    connection.on('close', () => opened.#fail());
    try {
      await connection.connect(address.host, address.port);
      const answer = await apiVersionsV3.api.async(connection, 'penstock', '0.1');
      for (const { apiKey, minVersion, maxVersion } of answer.apiKeys) {
        opened.#ranges.set(apiKey, { minVersion, maxVersion });
      }
    } catch (cause) {
      opened.close();
      throw unavailable(address, cause, { requestSent: false });
    }
    return opened;
  }

  get usable(): boolean {
    return !this.#failed && this.#connection.isConnected();
  }

  /**
   * Sends one request. An answer with error codes is returned like any other: the caller looks at
   * them. Throws {@link ClusterUnavailable} when there is no answer, and closes the connection.
   */
  async call<Arguments extends unknown[], Answer>(
    api: API<Arguments, Answer>,
    ...request: Arguments
  ): Promise<Answer> {
    const range = this.#ranges.get(api.key);
    if (range === undefined || api.version < range.minVersion || api.version > range.maxVersion) {
      const offered = range === undefined ? 'not' : `in ${range.minVersion}-${range.maxVersion}`;
      throw new ClusterUnavailable(
        `${describe(this.address)} does not speak version ${api.version} of API ${api.key} (it is offered ${offered}).`,
      );
    }
    try {
      return await api.async(this.#connection, ...request);
    } catch (error) {
      const answer = answerWithErrors<Answer>(error);
      if (answer !== undefined) {
        return answer;
      }
      this.close();
      throw unavailable(this.address, error, { requestSent: true });
    }
  }

  close(): void {
    this.#fail();
    const socket = this.#connection.socket as { destroy(): void } | undefined;
    socket?.destroy();
    this.#connection.close(() => undefined);
  }

  #fail(): void {
    this.#failed = true;
  }
}

/** The client throws when any error code is set, with the parsed answer on the error. */
function answerWithErrors<Answer>(error: unknown): Answer | undefined {
  if (error instanceof Error && 'code' in error && error.code === 'PLT_KFK_RESPONSE') {
    return (error as { response?: Answer }).response;
  }
  return undefined;
}

function unavailable(
  address: BrokerAddress,
  cause: unknown,
  { requestSent }: { requestSent: boolean },
): ClusterUnavailable {
  return new ClusterUnavailable(`${describe(address)} ${reason(cause)}`, { cause, requestSent });
}

function reason(cause: unknown): string {
  const chain: string[] = [];
  for (let error = cause; error instanceof Error; error = error.cause) {
    const code = (error as { code?: unknown }).code;
    chain.push(error.message, typeof code === 'string' ? code : '');
  }
  const text = chain.join(' ');
  if (text.includes('ECONNREFUSED')) {
    return 'refuses connections: nothing listens there.';
  }
  if (text.includes('timed out') || text.includes('TIMEOUT')) {
    return 'does not answer in time.';
  }
  if (/closed|ECONNRESET|EPIPE/i.test(text)) {
    return 'closed the connection.';
  }
  return `cannot be asked: ${chain[0] ?? String(cause)}`;
}

function describe(address: BrokerAddress): string {
  return `The broker at ${address.host}:${address.port}`;
}
