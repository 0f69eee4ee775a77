import { Injectable } from '@nestjs/common';
import {
  type PipelineRegistration,
  PipelinesService,
  type ScheduleChoices,
  UNSCHEDULED,
} from '@penstock/control-plane';
import {
  type PipelineDefinition,
  PipelineDefinitionError,
  type ScheduleDefinition,
} from '@penstock/pipelines';

/**
 * The pipelines of this worker: the list that `pipelines/src/index.ts` exports, registered in
 * control.db before anything of them runs.
 */
@Injectable()
export class Definitions {
  readonly #byName: ReadonlyMap<string, PipelineDefinition>;
  readonly #pipelines: PipelinesService;

  /** Throws PipelineDefinitionError on a list that cannot run. */
  constructor(list: readonly PipelineDefinition[], pipelines: PipelinesService) {
    const byName = new Map<string, PipelineDefinition>();
    for (const definition of list) {
      if (byName.has(definition.name)) {
        throw new PipelineDefinitionError(definition.name, 'two pipelines have this name');
      }
      byName.set(definition.name, definition);
    }
    this.#byName = byName;
    this.#pipelines = pipelines;
  }

  find(name: string): PipelineDefinition | null {
    return this.#byName.get(name) ?? null;
  }

  streams(): PipelineDefinition[] {
    return [...this.#byName.values()].filter(({ runsAs }) => runsAs.stream);
  }

  /** Throws ScheduleError on an invalid schedule. */
  async register(): Promise<void> {
    await this.#pipelines.register([...this.#byName.values()].map(toRegistration));
  }
}

function toRegistration(definition: PipelineDefinition): PipelineRegistration {
  const { runsAs, aggregation, schedule } = definition;
  const operators = definition.operators.map(({ kind, label }) => ({ kind, label }));
  return {
    name: definition.name,
    mode: runsAs.stream && runsAs.batch ? 'both' : runsAs.stream ? 'stream' : 'batch',
    description: definition.description,
    sources: definition.source.topics,
    sinks: definition.sinks.map((sink) => (sink.kind === 'topic' ? sink.topic : sink.fileName)),
    operators:
      aggregation === null
        ? operators
        : [...operators, { kind: 'aggregate', label: aggregation.label }],
    groupId: runsAs.stream ? definition.groupId : null,
    deadLetterTopic: definition.deadLetterTopic,
    schedule: schedule?.cron ?? null,
    timeZone: schedule?.timeZone ?? null,
    choices: schedule === null ? UNSCHEDULED : choicesOf(schedule),
    attemptsMax: definition.batchAttempts,
    definitionHash: definition.hash,
  };
}

function choicesOf(schedule: ScheduleDefinition): ScheduleChoices {
  const { window, catchUp, overlap, onFailure, deadlineMs, onGap } = schedule;
  return { window, catchUp, overlap, onFailure, deadlineMs, onGap };
}
