import { Injectable } from '@nestjs/common';
import { BackOff, createMissingTopics, pause } from '@penstock/pipelines';
import { Config, KafkaClients, Logger } from '@penstock/platform';
import type { DemoRecord } from '@penstock/samples';
import { WorkerIdentity } from '../identity/worker-identity.ts';

const BACK_OFF = { minMs: 500, maxMs: 5_000 };

/** Feeds the samples, when `PENSTOCK_DEMO` asks for it. Of several workers the oldest does. */
@Injectable()
export class DemoProducer {
  readonly #config: Config;
  readonly #kafka: KafkaClients;
  readonly #identity: WorkerIdentity;
  readonly #logger: Logger;
  #stop: AbortController | null = null;
  #ended: Promise<void> = Promise.resolve();

  constructor(config: Config, kafka: KafkaClients, identity: WorkerIdentity, logger: Logger) {
    this.#config = config;
    this.#kafka = kafka;
    this.#identity = identity;
    this.#logger = logger;
  }

  /** Starts or stops, by whether this worker is the oldest of those that live. */
  follow(alive: readonly { readonly id: string }[]): void {
    const ours = this.#config.demo && alive[0]?.id === this.#identity.id;
    if (ours && this.#stop === null) {
      this.#stop = new AbortController();
      this.#ended = this.#run(this.#stop.signal);
    } else if (!ours && this.#stop !== null) {
      void this.stop();
    }
  }

  async stop(): Promise<void> {
    this.#stop?.abort();
    this.#stop = null;
    await this.#ended;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const backOff = new BackOff(BACK_OFF);
    // Modules of pipelines are loaded when the process has said which library is theirs.
    const { replayEarthquakes } = await import('@penstock/samples');
    while (!signal.aborted) {
      const producer = this.#kafka.producer({ idempotent: true });
      try {
        await createMissingTopics(this.#kafka, ['earthquakes']);
        this.#logger.pino.info('the demo replays a week of earthquakes');
        await replayEarthquakes({
          replayId: Date.now().toString(36),
          signal,
          send: async (records) => {
            await producer.send({ messages: records.map(toMessage) });
            backOff.reset();
          },
        });
      } catch (error) {
        this.#logger.pino.warn({ err: error }, 'the demo was interrupted; it will go on');
        await pause(backOff.next(), signal);
      } finally {
        await this.#kafka.release(producer);
      }
    }
  }
}

function toMessage({ topic, key, value }: DemoRecord) {
  return { topic, key: Buffer.from(key), value: Buffer.from(value) };
}
