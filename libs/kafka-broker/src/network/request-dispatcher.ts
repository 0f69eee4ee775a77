import {
  ApiKeys,
  decodeRequestBody,
  decodeRequestHeader,
  encodeResponse,
  isApiKey,
  isVersionOffered,
  type ApiKey,
  type RequestHeader,
} from '@penstock/kafka-protocol';
import type { BrokerContext } from '../broker-context.ts';
import { unsupportedApiVersions } from '../handlers/18-api-versions.ts';
import type { AdvertisedAddress } from './listeners.ts';
import { CloseConnection, EncodedAnswer, type Answer, type Handler } from '../handlers/handler.ts';

/** An answer on its way; null: the client waits for none. */
export type EncodedOrNone = EncodedAnswer | null;

/** The other end of a connection. */
export interface Client {
  /** Address with a leading slash, as Kafka shows it. */
  readonly host: string;
  /** See `RequestContext`. */
  readonly advertised: AdvertisedAddress;
  readonly onDisconnect: (listener: () => void) => () => void;
}

export interface Dispatched {
  readonly answer: EncodedOrNone | Promise<EncodedOrNone>;
  readonly isPipelined: boolean;
}

/** Decodes requests, finds their handlers and encodes what these answer. */
export class RequestDispatcher {
  readonly #broker: BrokerContext;
  readonly #handlers: ReadonlyMap<number, Handler>;

  constructor(broker: BrokerContext, handlers: readonly Handler[]) {
    this.#broker = broker;
    this.#handlers = new Map(handlers.map((handler) => [handler.key, handler]));
  }

  /**
   * Handles one frame (without its length).
   * @throws ProtocolError for bytes that are no request, CloseConnection for a request that Kafka
   *   answers by closing
   */
  dispatch(frame: Buffer, client: Client): Dispatched {
    const header = decodeRequestHeader(frame);
    const { apiKey, apiVersion, correlationId } = header;
    this.#broker.metrics.requestsTotal += 1;
    const handler = this.#handlers.get(apiKey);
    if (!handler || !isApiKey(apiKey) || !isVersionOffered(apiKey, apiVersion)) {
      return this.#refuse(header);
    }
    const body = decodeRequestBody(apiKey, apiVersion, frame, header.bodyPosition);
    const answer = handler.handle(body as never, {
      broker: this.#broker,
      apiVersion,
      correlationId,
      clientId: header.clientId ?? '',
      clientHost: client.host,
      advertised: client.advertised,
      onDisconnect: client.onDisconnect,
    });
    return {
      answer:
        answer instanceof Promise
          ? answer.then((settled) => encode(apiKey, header, settled))
          : encode(apiKey, header, answer),
      isPipelined: handler.isPipelined === true,
    };
  }

  /** Only ApiVersions has an answer that every client can read (KIP-511). */
  #refuse(header: RequestHeader): Dispatched {
    const { apiKey, apiVersion, correlationId } = header;
    if (apiKey !== ApiKeys.ApiVersions) {
      throw new CloseConnection(`API ${apiKey} version ${apiVersion} is not offered`);
    }
    const chunks = encodeResponse(ApiKeys.ApiVersions, 0, correlationId, unsupportedApiVersions());
    return { answer: new EncodedAnswer(chunks, () => {}), isPipelined: false };
  }
}

function encode(apiKey: ApiKey, header: RequestHeader, answer: Answer<ApiKey>): EncodedOrNone {
  if (answer === null || answer instanceof EncodedAnswer) return answer;
  const { apiVersion, correlationId } = header;
  return new EncodedAnswer(
    encodeResponse(apiKey, apiVersion, correlationId, answer as never),
    () => {},
  );
}
