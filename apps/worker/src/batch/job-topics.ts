import { Injectable } from '@nestjs/common';
import { BackOff, createTopicsOf, pause, type PipelineDefinition } from '@penstock/pipelines';
import { KafkaClients, Logger } from '@penstock/platform';
import { Definitions } from '../definitions/definitions.ts';

const BACK_OFF = { minMs: 250, maxMs: 5_000 };

/**
 * Creates the missing topics of batch jobs when their definitions are loaded, so that records can
 * be sent before the first run. Those of stream processors are created by them.
 */
@Injectable()
export class JobTopics {
  readonly #definitions: Definitions;
  readonly #kafka: KafkaClients;
  readonly #logger: Logger;
  readonly #stop = new AbortController();
  /** Names of the jobs that have been seen to: a topic that is deleted later stays deleted. */
  readonly #done = new Set<string>();
  #underWay: Promise<void> = Promise.resolve();

  constructor(definitions: Definitions, kafka: KafkaClients, logger: Logger) {
    this.#definitions = definitions;
    this.#kafka = kafka;
    this.#logger = logger;
  }

  /** Begins with the definitions as they are now. While no broker answers it tries again. */
  follow(): void {
    this.#underWay = this.#underWay.then(() => this.#createAll());
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#underWay;
  }

  async #createAll(): Promise<void> {
    for (const definition of this.#definitions.jobs()) {
      if (!this.#done.has(definition.name)) await this.#create(definition);
    }
  }

  async #create(definition: PipelineDefinition): Promise<void> {
    const backOff = new BackOff(BACK_OFF);
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const created = await createTopicsOf(definition, this.#kafka, { sources: true });
        if (created.length > 0) {
          this.#logger.pino.info({ pipeline: definition.name, created }, 'topics created');
        }
        this.#done.add(definition.name);
        return;
      } catch (error) {
        const waitMs = Math.round(backOff.next());
        const fields = { pipeline: definition.name, err: error, waitMs };
        this.#logger.pino.debug(fields, 'its topics could not be created; it tries again');
        await pause(waitMs, signal);
      }
    }
  }
}
