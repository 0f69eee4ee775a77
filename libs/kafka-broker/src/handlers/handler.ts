import type { ApiKey, RequestOf, ResponseInputOf } from '@penstock/kafka-protocol';
import type { BrokerContext } from '../broker-context.ts';
import type { AdvertisedAddress } from '../network/listeners.ts';

/** Who asks, in which version. */
export interface RequestContext {
  readonly broker: BrokerContext;
  readonly apiVersion: number;
  readonly correlationId: number;
  /** Empty when the client gave none. */
  readonly clientId: string;
  /** The peer's address as Kafka shows it: with a leading slash. */
  readonly clientHost: string;
  /** Where clients of the listener that it came in by find this broker. */
  readonly advertised: AdvertisedAddress;
  /** Calls back once if the connection ends before the answer; returns the way to take it back. */
  readonly onDisconnect: (listener: () => void) => () => void;
}

/** An answer that its handler has encoded itself, length prefix included. */
export class EncodedAnswer {
  readonly chunks: readonly Buffer[];
  readonly byteLength: number;
  /** Called once the bytes are with the kernel, or the connection is gone. */
  readonly onSent: () => void;

  constructor(chunks: readonly Buffer[], onSent: () => void) {
    this.chunks = chunks;
    this.byteLength = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    this.onSent = onSent;
  }
}

/** null: the client waits for no answer. */
export type Answer<K extends ApiKey> = ResponseInputOf<K> | EncodedAnswer | null;

export interface Handler<K extends ApiKey = ApiKey> {
  readonly key: K;
  /**
   * The request has taken effect when `handle` returns, and only its answer is pending: the
   * connection's next request may be handled meanwhile.
   */
  readonly isPipelined?: boolean;
  handle(request: RequestOf<K>, context: RequestContext): Answer<K> | Promise<Answer<K>>;
}

/** Gives a handler its types. */
export function handler<K extends ApiKey>(definition: Handler<K>): Handler<K> {
  return definition;
}

/** The client asked for something that Kafka answers by closing the connection. */
export class CloseConnection extends Error {
  override readonly name = 'CloseConnection';
}
