import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Config, Logger } from '@penstock/platform';
import { ClusterClient } from '../cluster/index.ts';
import {
  type InvalidInput,
  invalidInput,
  type TopicNotFound,
  topicNotFound,
} from '../cluster/problem.ts';
import { LatestWins } from '../live/latest-wins.ts';
import { TopicsService } from '../topics/index.ts';
import { checkPartition } from './record-input.ts';
import { mergeTailFrames, type TailFrame, TopicTail } from './topic-tail.ts';

/** Topics that can be watched at once, each by any number of readers. */
const TAILS_MAX = 50;

interface SharedTail {
  readonly tail: TopicTail;
  readonly frames: LatestWins<TailFrame>;
}

export type TailOutcome =
  | { readonly kind: 'tail'; readonly frames: AsyncIterableIterator<TailFrame> }
  | TopicNotFound
  | InvalidInput;

/** Live tails, one per topic (or partition) for all its readers; each ends with the last one. */
@Injectable()
export class TailsService implements OnApplicationShutdown {
  readonly #config: Config;
  readonly #topics: TopicsService;
  readonly #logger: Logger;
  readonly #tails = new Map<string, SharedTail>();

  constructor(config: Config, topics: TopicsService, logger: Logger) {
    this.#config = config;
    this.#topics = topics;
    this.#logger = logger;
  }

  async open(name: string, partition: number | null): Promise<TailOutcome> {
    const topic = await this.#topics.find(name);
    if (topic === null) {
      return topicNotFound(name);
    }
    const problem = partition === null ? null : checkPartition(partition, topic.partitions.length);
    if (problem !== null) {
      return problem;
    }
    const key = `${name}/${partition ?? '*'}`;
    const shared = this.#tails.get(key) ?? (await this.#start(key, name, partition));
    if (shared === null) {
      return invalidInput('topic', `${TAILS_MAX} topics are being watched already: close one.`);
    }
    return { kind: 'tail', frames: shared.frames.read() };
  }

  onApplicationShutdown(): void {
    for (const key of this.#tails.keys()) {
      this.#end(key);
    }
  }

  async #start(key: string, topic: string, partition: number | null): Promise<SharedTail | null> {
    if (this.#tails.size >= TAILS_MAX) {
      return null;
    }
    const client = new ClusterClient({
      bootstrapServers: this.#config.kafka.bootstrapServers,
      clientId: 'penstock-tail',
      connectTimeoutMs: 2_000,
      requestTimeoutMs: 5_000,
    });
    const frames = new LatestWins<TailFrame>({
      replay: 'none',
      merge: mergeTailFrames,
      onUnread: () => this.#end(key),
    });
    const tail = new TopicTail(client, { topic, partition }, (frame) => frames.publish(frame));
    try {
      await tail.start();
    } catch (error) {
      tail.stop();
      throw error;
    }
    const meanwhile = this.#tails.get(key);
    if (meanwhile !== undefined) {
      tail.stop();
      return meanwhile;
    }
    const shared = { tail, frames };
    this.#tails.set(key, shared);
    tail
      .run()
      .catch((error) => this.#logger.pino.error({ err: error, topic }, 'a tail failed'))
      .finally(() => {
        if (this.#tails.get(key) === shared) {
          this.#end(key);
        }
      });
    return shared;
  }

  #end(key: string): void {
    const shared = this.#tails.get(key);
    this.#tails.delete(key);
    shared?.tail.stop();
    shared?.frames.close();
  }
}
