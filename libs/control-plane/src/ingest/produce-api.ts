import { ErrorCodes } from '@penstock/kafka-protocol/error-codes';
import { createAPI, initProducerIdV4, produceV9, Writer } from '@platformatic/kafka';

/** `all`: kept by all in-sync replicas; `leader`: by the leader; `none`: sent, nothing more. */
export type Acks = 'all' | 'leader' | 'none';

export const ACKS_NUMBER: Readonly<Record<Acks, number>> = { all: -1, leader: 1, none: 0 };

/** Batches of one topic, ready to be sent. */
export interface ProduceTopic {
  readonly name: string;
  readonly partitions: readonly { readonly index: number; readonly batch: Buffer }[];
}

export interface ProducePartitionAnswer {
  readonly index: number;
  readonly errorCode: number;
  readonly baseOffset: bigint;
  readonly errorMessage?: string | null | undefined;
  /** The records because of which a batch was refused. */
  readonly recordErrors?: readonly {
    readonly batchIndex: number;
    readonly batchIndexErrorMessage?: string | null | undefined;
  }[];
}

export interface ProduceAnswer {
  readonly responses: readonly {
    readonly name: string;
    readonly partitionResponses: readonly ProducePartitionAnswer[];
  }[];
}

/** A partition that the broker's answer leaves out. */
export const NOT_ANSWERED: ProducePartitionAnswer = {
  index: -1,
  errorCode: ErrorCodes.NETWORK_EXCEPTION,
  baseOffset: -1n,
};

/** What the client reports for a request that asks for no answer. */
const SENT: ProducePartitionAnswer = { index: -1, errorCode: ErrorCodes.NONE, baseOffset: -1n };

/**
 * The answer for one partition out of that to `produceBatches`; undefined when there is none.
 * @param answer true when the request asked for none
 */
export function partitionAnswer(
  answer: ProduceAnswer | boolean,
  topicName: string,
  partition: number,
): ProducePartitionAnswer | undefined {
  if (typeof answer === 'boolean') return SENT;
  return answer.responses
    .find((topic) => topic.name === topicName)
    ?.partitionResponses.find(({ index }) => index === partition);
}

/** The broker's messages about single records, by their places in the batch. */
export function faultsOf({
  recordErrors,
  errorMessage,
}: ProducePartitionAnswer): Map<number, string> {
  const words = errorMessage ?? '';
  return new Map(
    recordErrors?.map((error) => [error.batchIndex, error.batchIndexErrorMessage ?? words]),
  );
}

/**
 * Produce (key 0, version 9) for batches that are encoded already. With acks = 0 the client answers
 * true once the request is written, since the broker answers nothing.
 */
export const produceBatches = createAPI<
  [acks: number, timeoutMs: number, topics: readonly ProduceTopic[]],
  ProduceAnswer | boolean
>(0, 9, createRequest, (...response): ProduceAnswer => produceV9.parseResponse(...response));

/** InitProducerId (key 22, version 4). */
export const initProducerId = initProducerIdV4.api;

function createRequest(acks: number, timeoutMs: number, topics: readonly ProduceTopic[]): Writer {
  const writer = Writer.create()
    .appendString(null)
    .appendInt16(acks)
    .appendInt32(timeoutMs)
    .appendArray([...topics], (topicWriter, topic) => {
      topicWriter
        .appendString(topic.name)
        .appendArray([...topic.partitions], (partitionWriter, { index, batch }) => {
          partitionWriter
            .appendInt32(index)
            .appendUnsignedVarInt(batch.length + 1)
            .append(batch);
        });
    })
    .appendTaggedFields();
  if (acks === 0) writer.context['noResponse'] = true;
  return writer;
}
