import { protocolErrors, protocolErrorsCodesById } from '@platformatic/kafka';

/** The cluster could not be asked: no connection, no answer in time, or an invalid answer. */
export class ClusterUnavailable extends Error {
  readonly code = 'BROKER_UNAVAILABLE';
  /** Whether the request was sent, so that the broker may have carried it out. */
  readonly requestSent: boolean;

  constructor(message: string, options?: { cause?: unknown; requestSent?: boolean }) {
    super(message, options);
    this.name = 'ClusterUnavailable';
    this.requestSent = options?.requestSent ?? false;
  }
}

/** A broker answered a request with an error of the Kafka protocol. */
export class KafkaRefusal extends Error {
  readonly code = 'BROKER_REFUSED';
  /** Kafka's name, for example `INVALID_REPLICATION_FACTOR`. */
  readonly kafkaError: string;

  constructor(errorCode: number, detail?: string | null) {
    super(detail ?? kafkaErrorMessage(errorCode));
    this.name = 'KafkaRefusal';
    this.kafkaError = kafkaErrorName(errorCode);
  }
}

export const NO_ERROR = 0;
export const OFFSET_OUT_OF_RANGE = 1;
export const UNKNOWN_TOPIC_OR_PARTITION = 3;

/** Kafka's name of an error code of the protocol. */
export function kafkaErrorName(errorCode: number): string {
  return protocolErrorsCodesById[errorCode] ?? `UNKNOWN_ERROR_${errorCode}`;
}

/** Kafka's sentence for an error code of the protocol. */
export function kafkaErrorMessage(errorCode: number): string {
  const name = protocolErrorsCodesById[errorCode];
  const known = (protocolErrors as Record<string, { message: string } | undefined>)[name ?? ''];
  return known?.message ?? `The broker answered with error ${errorCode}.`;
}
