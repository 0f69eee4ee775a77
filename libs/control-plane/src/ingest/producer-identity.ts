import { initProducerId, type Acks } from './produce-api.ts';
import { failureOf, type ProduceFailure } from './produce-failure.ts';
import type { TopicDirectory } from './topic-directory.ts';

/** Sequence numbers are int32 and wrap to 0. */
const SEQUENCES = 2 ** 31;
/** Partitions that one identity numbers batches of; above it a new identity starts afresh. */
const PARTITIONS_MAX = 10_000;

/**
 * A producer id and epoch from the broker, with the next sequence number of each partition. By
 * these the broker recognises a batch that is sent again. A new identity starts its sequences at 0.
 */
export class ProducerIdentity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly #sequences = new Map<string, number>();

  constructor(producerId: bigint, producerEpoch: number) {
    this.producerId = producerId;
    this.producerEpoch = producerEpoch;
  }

  get isFull(): boolean {
    return this.#sequences.size >= PARTITIONS_MAX;
  }

  /** Sequence of the next batch of a partition. */
  sequenceOf(partitionKey: string): number {
    return this.#sequences.get(partitionKey) ?? 0;
  }

  /** Counts the records of a batch that was appended. */
  advance(partitionKey: string, recordCount: number): void {
    const next = (this.sequenceOf(partitionKey) + recordCount) % SEQUENCES;
    this.#sequences.set(partitionKey, next);
  }
}

/** The broker does not let this client be an idempotent producer. */
export class IdentityRefused extends Error {
  override readonly name = 'IdentityRefused';
  readonly errorCode: number;
  readonly failure: ProduceFailure;

  constructor(errorCode: number) {
    const failure = failureOf(errorCode);
    super(failure.message);
    this.errorCode = errorCode;
    this.failure = failure;
  }
}

/**
 * The producer identities of an appender, each asked for when it is first needed. `all` and
 * `leader` have one each, because batches of one partition under one identity must arrive in
 * sequence, and batches with different acks do not wait for each other.
 */
export class ProducerIdentities {
  readonly #directory: TopicDirectory;
  readonly #current = new Map<Acks, Promise<ProducerIdentity>>();

  constructor(directory: TopicDirectory) {
    this.#directory = directory;
  }

  /**
   * Undefined for `none`: such records are sent once, or lost.
   * @throws ClusterUnavailable, IdentityRefused
   */
  async get(acks: Acks): Promise<ProducerIdentity | undefined> {
    if (acks === 'none') return undefined;
    let asked = this.#current.get(acks);
    if (asked === undefined) {
      asked = this.#ask();
      this.#current.set(acks, asked);
    }
    try {
      const identity = await asked;
      if (identity.isFull) this.drop(acks);
      return identity;
    } catch (error) {
      if (this.#current.get(acks) === asked) this.drop(acks);
      throw error;
    }
  }

  /** The next batch is sent under a new identity. */
  drop(acks: Acks): void {
    this.#current.delete(acks);
  }

  async #ask(): Promise<ProducerIdentity> {
    const connection = await this.#directory.connectAny();
    const answer = await connection.call(initProducerId, null, 60_000, -1n, -1);
    if (answer.errorCode !== 0) throw new IdentityRefused(answer.errorCode);
    return new ProducerIdentity(answer.producerId, answer.producerEpoch);
  }
}
