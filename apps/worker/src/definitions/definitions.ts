import { Injectable } from '@nestjs/common';
import {
  type PipelineRegistration,
  PipelinesService,
  type ScheduleChoices,
  UNSCHEDULED,
} from '@penstock/control-plane';
import {
  type PipelineDefinition,
  type ScheduleDefinition,
  sourceTopics,
} from '@penstock/pipelines';

/**
 * The pipelines of this worker: the list that `pipelines/src/index.ts` exports, registered in
 * control.db before anything of them runs.
 */
@Injectable()
export class Definitions {
  readonly #pipelines: PipelinesService;
  #module: string | null;
  #byName: ReadonlyMap<string, PipelineDefinition>;

  constructor(
    module: string | null,
    list: readonly PipelineDefinition[],
    pipelines: PipelinesService,
  ) {
    this.#module = module;
    this.#byName = byName(list);
    this.#pipelines = pipelines;
  }

  /** What is imported for the list: the name of a package, or a URL; null where nothing is. */
  get module(): string | null {
    return this.#module;
  }

  /** The hash of each definition, by its name. */
  hashes(): ReadonlyMap<string, string> {
    return new Map([...this.#byName.values()].map(({ name, hash }) => [name, hash]));
  }

  find(name: string): PipelineDefinition | null {
    return this.#byName.get(name) ?? null;
  }

  streams(): PipelineDefinition[] {
    return [...this.#byName.values()].filter(runsAsStream);
  }

  /** Those that run as batch jobs. */
  jobs(): PipelineDefinition[] {
    return [...this.#byName.values()].filter((definition) => !runsAsStream(definition));
  }

  /** Throws ScheduleError on an invalid schedule. */
  async register(): Promise<void> {
    await this.#pipelines.register([...this.#byName.values()].map(toRegistration));
  }

  /** Registers another list in place of this one. On ScheduleError this one stays. */
  async replace(module: string, list: readonly PipelineDefinition[]): Promise<void> {
    await this.#pipelines.register(list.map(toRegistration));
    this.#module = module;
    this.#byName = byName(list);
  }
}

function byName(list: readonly PipelineDefinition[]): ReadonlyMap<string, PipelineDefinition> {
  return new Map(list.map((definition) => [definition.name, definition]));
}

/** One that may run either way is a batch job while it has a schedule. */
function runsAsStream({ runsAs, schedule }: PipelineDefinition): boolean {
  return runsAs.stream && !(runsAs.batch && schedule !== null);
}

function toRegistration(definition: PipelineDefinition): PipelineRegistration {
  const { runsAs, schedule } = definition;
  return {
    name: definition.name,
    mode: runsAs.stream && runsAs.batch ? 'either' : runsAs.stream ? 'stream' : 'batch',
    description: definition.description,
    sources: sourceTopics(definition),
    sinks: definition.sinks.map((sink) => (sink.kind === 'topic' ? sink.topic : sink.fileName)),
    operators: definition.nodes
      .filter(({ kind }) => kind !== 'source' && kind !== 'merge')
      .map(({ kind, label }) => ({ kind, label })),
    groupId: runsAsStream(definition) ? definition.groupId : null,
    deadLetterTopic: definition.deadLetterTopic,
    schedule: schedule?.cron ?? null,
    timeZone: schedule?.timeZone ?? null,
    choices: schedule === null ? UNSCHEDULED : choicesOf(schedule),
    attemptsMax: definition.batchAttempts,
    definitionHash: definition.hash,
    stateHash: definition.stateHash,
  };
}

function choicesOf(schedule: ScheduleDefinition): ScheduleChoices {
  const { window, catchUp, overlap, onFailure, deadlineMs, onGap } = schedule;
  return { window, catchUp, overlap, onFailure, deadlineMs, onGap };
}
