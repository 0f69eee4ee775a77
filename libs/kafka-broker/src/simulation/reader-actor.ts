import { ApiKeys, errorName, ZERO_UUID } from '@penstock/kafka-protocol';
import type { Random, ReadRecord } from '@penstock/kafka-log/faults';
import { readRecords, Violation } from '@penstock/kafka-log/faults';
import type { TopicLedger } from './broker-ledger.ts';
import type { BrokerWorld } from './broker-world.ts';
import { Unanswered, type ProtocolClient } from './protocol-client.ts';

/** First version of Fetch that names topics by id. */
const BY_ID = 13;

interface Target {
  readonly topic: TopicLedger;
  readonly id: string;
  readonly partition: number;
  readonly from: number;
  /** What was visible to somebody when the request went out. */
  readonly visibleBefore: number;
  readonly version: number;
}

/** How a reader goes on: behind the last record it got, or behind the last batch. */
export type Stride = 'records' | 'batches';

/** A consumer without a group: it reads on, in all versions, and checks what it gets. */
export class ReaderActor {
  readonly #world: BrokerWorld;
  readonly #random: Random;
  readonly #names: readonly string[];
  readonly #partitionsMax: number;
  readonly #stride: Stride;
  readonly #positions = new Map<string, number>();
  #client: ProtocolClient | undefined;

  constructor(world: BrokerWorld, random: Random, names: readonly string[], partitionsMax: number) {
    this.#world = world;
    this.#random = random;
    this.#names = names;
    this.#partitionsMax = partitionsMax;
    this.#stride = random.pick(['records', 'batches']);
  }

  async run(): Promise<void> {
    while (!this.#world.isEnding) {
      await this.#world.sleep(this.#random.below(60));
      if (this.#client?.isOpen !== true) this.#client = this.#world.client();
      try {
        const targets = this.#targets();
        if (targets.length > 0) await this.#fetch(this.#client, targets);
      } catch (error) {
        if (!(error instanceof Unanswered)) this.#world.fail(error);
        await this.#world.sleep(50);
      }
    }
    this.#client?.close();
  }

  #targets(): Target[] {
    const { ledger } = this.#world;
    const targets: Target[] = [];
    for (const name of this.#names) {
      const topic = ledger.topic(name);
      const id = topic.knownId;
      if (id === undefined) continue;
      for (let partition = 0; partition < this.#partitionsMax; partition++) {
        if (!this.#random.chance(0.7)) continue;
        const checker = ledger.checker(topic, id, partition);
        const from = this.#positions.get(`${id}/${partition}`) ?? 0;
        const visibleBefore = checker.visibleEnd;
        targets.push({ topic, id, partition, from, visibleBefore, version: topic.version });
      }
    }
    return targets;
  }

  async #fetch(client: ProtocolClient, targets: readonly Target[]): Promise<void> {
    const random = this.#random;
    const version = 4 + random.below(14);
    const asked = Map.groupBy(targets, ({ topic }) => topic);
    const answer = await client.request(ApiKeys.Fetch, version, {
      maxWaitMs: random.pick([0, 20, 100]),
      minBytes: random.pick([0, 1, 2000]),
      maxBytes: random.pick([1, 500, 100_000]),
      isolationLevel: random.below(2),
      sessionId: 0,
      sessionEpoch: -1,
      rackId: '',
      topics: [...asked].map(([topic, of]) => ({
        topic: version < BY_ID ? topic.name : '',
        topicId: version < BY_ID ? ZERO_UUID : of[0]!.id,
        partitions: of.map(({ partition, from }) => ({
          partition,
          fetchOffset: from,
          partitionMaxBytes: random.pick([1, 300, 100_000]),
          replicaDirectoryId: ZERO_UUID,
        })),
      })),
    });
    let index = 0;
    const inOrder = [...asked.values()].flat();
    for (const { partitions } of answer.responses) {
      for (const partition of partitions) {
        const target = inOrder[index++]!;
        if (partition.partitionIndex !== target.partition) {
          throw new Violation(`Fetch answered partition ${partition.partitionIndex}`);
        }
        // A request by name may have reached another topic of that name.
        if (version < BY_ID && !target.topic.isStill(target.version)) continue;
        this.#take(target, partition);
      }
    }
  }

  #take(
    target: Target,
    answer: {
      errorCode: number;
      highWatermark: number;
      logStartOffset: number;
      records: Buffer | null;
    },
  ): void {
    const { topic, id, partition, from, visibleBefore } = target;
    const { ledger, trace } = this.#world;
    const key = `${id}/${partition}`;
    const name = errorName(answer.errorCode);
    const { highWatermark } = answer;
    trace.add(`${topic.name}-${partition} fetched at ${from}: ${name}, ${highWatermark}`);
    if (name === 'NONE') {
      const checker = ledger.checker(topic, id, partition);
      const { records, next } = readRecords(answer.records ?? Buffer.alloc(0), from);
      checker.sawHighWatermark(highWatermark, visibleBefore);
      const to = strideTo(this.#stride, from, { records, next });
      checker.read({ from, records, next: to, highWatermark });
      this.#positions.set(key, to);
      return;
    }
    if (name === 'OFFSET_OUT_OF_RANGE') {
      if (from === 0 && !ledger.mayStartBeyondZero(topic, partition)) {
        throw new Violation(`${topic.name}-${partition}: offset 0 is out of range`);
      }
      this.#positions.set(key, from === 0 ? visibleBefore : 0);
      return;
    }
    const isGone = name === 'UNKNOWN_TOPIC_OR_PARTITION' || name === 'UNKNOWN_TOPIC_ID';
    if (!isGone && name !== 'KAFKA_STORAGE_ERROR') {
      throw new Violation(`${topic.name}-${partition} cannot be fetched: ${name}`);
    }
  }
}

/** Where a reader goes on that asked for `from`. */
function strideTo(
  stride: Stride,
  from: number,
  { records, next }: { records: readonly ReadRecord[]; next: number },
): number {
  if (stride === 'batches') return next;
  const last = records.at(-1);
  return last === undefined ? from : last.offset + 1;
}

/**
 * All records of a partition from `start` to its high watermark, read in one version and one
 * stride; undefined if the log's start has moved meanwhile.
 */
export async function readAll(
  client: ProtocolClient,
  random: Random,
  { version, stride }: { version: number; stride: Stride },
  { topic, id, partition, start }: { topic: string; id: string; partition: number; start: number },
): Promise<{ records: ReadRecord[]; end: number } | undefined> {
  const all: ReadRecord[] = [];
  for (let at = start; ;) {
    const answer = await client.request(ApiKeys.Fetch, version, {
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: random.pick([1, 3000, 100_000]),
      isolationLevel: 0,
      sessionId: 0,
      sessionEpoch: -1,
      rackId: '',
      topics: [
        {
          topic: version < BY_ID ? topic : '',
          topicId: version < BY_ID ? ZERO_UUID : id,
          partitions: [
            {
              partition,
              fetchOffset: at,
              partitionMaxBytes: 100_000,
              replicaDirectoryId: ZERO_UUID,
            },
          ],
        },
      ],
    });
    const found = answer.responses[0]!.partitions[0]!;
    const error = errorName(found.errorCode);
    if (error === 'OFFSET_OUT_OF_RANGE' || found.logStartOffset > start) return undefined;
    if (error !== 'NONE') throw new Violation(`${topic}-${partition} at ${at}: ${error}`);
    const { records, next } = readRecords(found.records ?? Buffer.alloc(0), at);
    all.push(...records);
    const to = strideTo(stride, at, { records, next });
    // By records, an answer without records is the end; reading by batches shows whether it is.
    const isEnd = to >= found.highWatermark || (stride === 'records' && to === at);
    if (isEnd) return { records: all, end: found.highWatermark };
    if (to <= at) throw new Violation(`${topic}-${partition}: nothing at ${at}`);
    at = to;
  }
}
