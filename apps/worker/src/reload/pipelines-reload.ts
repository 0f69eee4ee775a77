import { Injectable } from '@nestjs/common';
import { EventLog, EventRecorder } from '@penstock/control-plane';
import { Logger, logSurvived, onSupervisorMessage, tellSupervisor } from '@penstock/platform';
import { Definitions } from '../definitions/definitions.ts';
import { pipelinesOf } from '../definitions/pipelines-module.ts';
import { JobTopics } from '../batch/job-topics.ts';
import { ProcessorRunner } from '../processors/processor-runner.ts';

/** What the supervisor says of the sources that it follows (tools/start/pipeline-reload.mjs). */
type SupervisorMessage =
  /** They were compiled. Of several workers one is to record what becomes of it. */
  | { readonly type: 'pipelines-built'; readonly module: string; readonly records: boolean }
  | { readonly type: 'pipelines-refused'; readonly problem: string };

/** Subject of the events. */
const SUBJECT = 'pipelines';

/**
 * Takes up changed pipelines while the worker runs. A module is loaded in a thread first, where it
 * can do no harm: when it cannot be loaded, or a definition in it is refused, the pipelines before
 * go on. Otherwise the processors stop at a commit and run on in that thread.
 */
@Injectable()
export class PipelinesReload {
  readonly #definitions: Definitions;
  readonly #runner: ProcessorRunner;
  readonly #topics: JobTopics;
  readonly #log: EventLog;
  readonly #events: EventRecorder;
  readonly #logger: Logger;
  #underWay: Promise<void> = Promise.resolve();
  #unlisten: () => void = () => {};
  #stopped = false;

  constructor(
    definitions: Definitions,
    runner: ProcessorRunner,
    topics: JobTopics,
    log: EventLog,
    events: EventRecorder,
    logger: Logger,
  ) {
    this.#definitions = definitions;
    this.#runner = runner;
    this.#topics = topics;
    this.#log = log;
    this.#events = events;
    this.#logger = logger;
  }

  /** Listens from now on; what was refused before this start is settled by it. */
  async start(): Promise<void> {
    this.#unlisten = onSupervisorMessage((message) => this.#receive(message as SupervisorMessage));
    try {
      if ((await this.#log.pipelinesProblem()) !== null) {
        this.#events.record('PIPELINES_RELOADED', SUBJECT, 'the pipelines were loaded at a start');
      }
    } catch (error) {
      logSurvived(this.#logger.pino, error, 'a problem of the pipelines may stay on their page');
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unlisten();
    await this.#underWay;
  }

  #receive(message: SupervisorMessage): void {
    if (message.type === 'pipelines-refused') this.#refused(message.problem);
    if (message.type !== 'pipelines-built') return;
    const { module, records } = message;
    this.#underWay = this.#underWay.then(() => this.#load(module, records));
  }

  async #load(module: string, records: boolean): Promise<void> {
    if (this.#stopped) return;
    let problem: string | null = null;
    try {
      const said = await this.#replace(module);
      this.#logger.pino.info({ module }, said);
      if (records) this.#events.record('PIPELINES_RELOADED', SUBJECT, said);
    } catch (error) {
      problem = (error as Error).message;
      this.#logger.pino.debug({ module, err: error }, 'pipelines refused');
      if (records) this.#refused(problem);
    }
    tellSupervisor({ type: 'pipelines-loaded', module, problem });
  }

  async #replace(module: string): Promise<string> {
    const before = this.#definitions.hashes();
    const thread = await this.#runner.load(module);
    try {
      await this.#definitions.replace(module, await pipelinesOf(module));
    } catch (error) {
      await thread.stop();
      throw error;
    }
    this.#topics.follow();
    await this.#runner.replace(thread);
    return changes(before, this.#definitions.hashes());
  }

  #refused(problem: string): void {
    const words = `the pipelines were not reloaded, those before go on: ${problem}`;
    this.#events.record('PIPELINES_REFUSED', SUBJECT, words);
  }
}

/** `the pipelines were reloaded: a changed; b is new; c is not defined any more`. */
function changes(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string {
  const words = [
    ...[...after].flatMap(([name, hash]) => {
      const old = before.get(name);
      if (old === undefined) return [`${name} is new`];
      return old === hash ? [] : [`${name} changed`];
    }),
    ...[...before.keys()]
      .filter((name) => !after.has(name))
      .map((name) => `${name} is not defined any more`),
  ];
  const what = words.length === 0 ? 'no definition changed' : words.join('; ');
  return `the pipelines were reloaded: ${what}`;
}
