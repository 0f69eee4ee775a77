import type { Duration } from '../time/duration.ts';
import { definitionHash, stateHash } from './definition-hash.ts';
import { PipelineDefinitionError } from './definition-error.ts';
import { type Node, type Sink } from './nodes.ts';
import type { PipelineDefinition, RetryOptions } from './pipeline-definition.ts';
import { sinkTopics, sourceTopics, tableTopics } from './pipeline-definition.ts';
import { type ScheduleOptions, toSchedule } from './schedule-options.ts';
import { nodesBefore, repartitionTopic, type Stage, StageCycle, toStages } from './stages.ts';
import { atLeastOne, checkName, duration, oneOf, wholeNumber } from './validation.ts';

export interface PipelineOptions {
  /** One sentence for people. */
  readonly description?: string;
  /**
   * Continuously (`stream`), over windows of offsets (`batch`), or one of the two at a time
   * (`either`). When absent: `batch` with a schedule or without a topic as its end, else `stream`.
   */
  readonly runsAs?: 'stream' | 'batch' | 'either';
  /** When the batch job runs by itself; when absent it runs on request only. */
  readonly schedule?: ScheduleOptions;
  /** Consumer group of the stream processor; the pipeline's name when absent. */
  readonly groupId?: string;
  /** Where records go that cannot be processed; `<name>.dlt` when absent. */
  readonly deadLetterTopic?: string;
  /** How often a record is tried before it is given up. */
  readonly retry?: RetryOptions;
  /** How often outputs, state and positions are committed; 100 ms when absent. */
  readonly commitEvery?: Duration;
  /** How long one call of a handler may take; 30 s when absent. */
  readonly handlerTimeout?: Duration;
  /** Tries of one batch run before it counts as failed; 3 when absent. */
  readonly batchAttempts?: number;
  /** Dead letters that one batch run may have before it fails; any number when absent. */
  readonly skipLimit?: number;
  /** Partitions of the topics that the pipeline creates; as many as its source when absent. */
  readonly partitions?: number;
}

/** What all streams of one pipeline share. */
export interface Plan {
  readonly name: string;
  readonly options: PipelineOptions;
  /** Names of its internal topics. */
  readonly internalNames: Set<string>;
}

/** Makes the definition that ends in these sinks. */
export function define(plan: Plan, sinks: readonly Sink[]): PipelineDefinition {
  const { name, options } = plan;
  const nodes = nodesBefore(sinks);
  const mode = oneOf(
    name,
    'runsAs',
    options.runsAs ?? (options.schedule === undefined && !onlyFiles(sinks) ? 'stream' : 'batch'),
    ['stream', 'batch', 'either'],
  );
  if (options.schedule !== undefined && mode === 'stream') {
    throw new PipelineDefinitionError(name, 'a schedule needs runsAs "batch" or "either"');
  }
  if (mode !== 'batch' && onlyFiles(sinks)) {
    throw new PipelineDefinitionError(
      name,
      'a file is the result of a batch run: a stream needs a topic too, before it: to(…).toCsv(…)',
    );
  }
  const deadLetterTopic = options.deadLetterTopic ?? `${name}.dlt`;
  const groupId = options.groupId ?? name;
  checkName(name, deadLetterTopic, 'dead-letter topic');
  checkName(name, groupId, 'group id');
  checkSessions(name, mode, nodes);
  const stages = stagesOf(name, nodes, sinks);
  const definition: PipelineDefinition = {
    name,
    description: options.description ?? '',
    runsAs: Object.freeze({ stream: mode !== 'batch', batch: mode !== 'stream' }),
    nodes,
    sinks: [...sinks],
    stages,
    groupId,
    deadLetterTopic,
    lateTopic: `${name}.late`,
    schedule: toSchedule(name, options.schedule),
    retry: {
      attempts: atLeastOne(name, 'retry.attempts', options.retry?.attempts ?? 1),
      backoffMs: atLeastOne(name, 'retry.backoffMs', options.retry?.backoffMs ?? 100),
    },
    commitEveryMs: duration(name, 'commitEvery', options.commitEvery ?? 100),
    handlerTimeoutMs: duration(name, 'handlerTimeout', options.handlerTimeout ?? '30s'),
    batchAttempts: atLeastOne(name, 'batchAttempts', options.batchAttempts ?? 3),
    skipLimit:
      options.skipLimit === undefined
        ? Infinity
        : wholeNumber(name, 'skipLimit', options.skipLimit, 0),
    partitions:
      options.partitions === undefined ? null : atLeastOne(name, 'partitions', options.partitions),
    hash: definitionHash(nodes, sinks),
    stateHash: stateHash(stages),
  };
  checkTopics(definition);
  return Object.freeze(definition);
}

function onlyFiles(sinks: readonly Sink[]): boolean {
  return sinks.every(({ kind }) => kind === 'csv');
}

function stagesOf(name: string, nodes: readonly Node[], sinks: readonly Sink[]): Stage[] {
  try {
    return toStages(nodes, sinks);
  } catch (cause) {
    if (!(cause instanceof StageCycle)) throw cause;
    throw new PipelineDefinitionError(
      name,
      'merge() puts what an operator made by key together with records from before it: ' +
        'end both in the topic with endsIn(one.to(topic), other.to(topic)) in its place',
    );
  }
}

/** A pipeline that feeds its own source would never end. */
function checkTopics(definition: PipelineDefinition): void {
  const { name } = definition;
  const read = new Set([...sourceTopics(definition), ...tableTopics(definition)]);
  for (const topic of [
    ...sinkTopics(definition),
    definition.deadLetterTopic,
    definition.lateTopic,
  ]) {
    if (read.has(topic)) {
      throw new PipelineDefinitionError(name, `it cannot write to "${topic}", which it reads`);
    }
  }
  const internal = definition.nodes.flatMap((node) =>
    node.kind === 'repartition' ? [repartitionTopic(name, node)] : [],
  );
  internal.forEach((topic) => checkName(name, topic, 'internal topic'));
}

/** Without a grace a session that a run's end cuts in two would be written twice. */
function checkSessions(name: string, mode: string, nodes: readonly Node[]): void {
  for (const node of nodes) {
    const isOpenSession =
      node.kind === 'window' && node.spec.kind === 'session' && node.graceMs === 0;
    if (mode !== 'stream' && isOpenSession) {
      throw new PipelineDefinitionError(
        name,
        `the session window "${node.label}" needs a grace above 0 to run as batch`,
      );
    }
  }
}
