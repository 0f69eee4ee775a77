import type { Node, Sink, TableSource } from './nodes.ts';
import type { ScheduleDefinition } from './schedule-options.ts';
import { repartitionTopic, type Stage } from './stages.ts';

export interface RetryOptions {
  /** Tries of one record before it goes to the dead-letter topic; 1 when absent. */
  readonly attempts?: number;
  /** Wait before the second try, doubled for each further one; 100 ms when absent. */
  readonly backoffMs?: number;
}

/** A pipeline, ready to run. Made by `pipeline(…)`; nothing in it can be changed. */
export interface PipelineDefinition {
  readonly name: string;
  readonly description: string;
  readonly runsAs: { readonly stream: boolean; readonly batch: boolean };
  /** All nodes that lie before the sinks, each behind those that it reads. */
  readonly nodes: readonly Node[];
  readonly sinks: readonly Sink[];
  /** The parts between internal topics, each behind those that it reads. */
  readonly stages: readonly Stage[];
  readonly groupId: string;
  readonly deadLetterTopic: string;
  readonly lateTopic: string;
  readonly schedule: ScheduleDefinition | null;
  readonly retry: Required<RetryOptions>;
  readonly commitEveryMs: number;
  readonly handlerTimeoutMs: number;
  /** Tries of one batch run before it counts as failed. */
  readonly batchAttempts: number;
  /** Dead letters that one batch run may have; more fail it. Infinity when nothing was said. */
  readonly skipLimit: number;
  /** Partitions of topics that the pipeline creates; null takes those of its source. */
  readonly partitions: number | null;
  /** Changes whenever anything that decides the output does. */
  readonly hash: string;
  /** Changes whenever the state that was kept may mean something else; empty without state. */
  readonly stateHash: string;
}

/** Topics that a pipeline reads, its internal topics and its tables not included. */
export function sourceTopics({ nodes }: Pick<PipelineDefinition, 'nodes'>): string[] {
  const topics = nodes.flatMap((node) => (node.kind === 'source' ? node.topics : []));
  return [...new Set(topics)];
}

/** The tables that operators of a pipeline look into, each once. */
export function tableSources({ nodes }: Pick<PipelineDefinition, 'nodes'>): TableSource[] {
  const sources = nodes.flatMap((node) => {
    if (node.kind === 'joinTable') return [node.table];
    return node.kind === 'process' ? node.tables : [];
  });
  return [...new Set(sources)];
}

/** Topics whose newest records are the rows of the pipeline's tables. */
export function tableTopics(definition: Pick<PipelineDefinition, 'nodes'>): string[] {
  return [...new Set(tableSources(definition).map(({ topic }) => topic))];
}

/** Topics that a pipeline writes to, its dead-letter and late topics not included. */
export function sinkTopics({ sinks }: Pick<PipelineDefinition, 'sinks'>): string[] {
  const topics = sinks.flatMap((sink) => (sink.kind === 'topic' ? [sink.topic] : []));
  return [...new Set(topics)];
}

/** Those of the sink topics that keep the newest record of each key only. */
export function compactedSinks({ sinks }: Pick<PipelineDefinition, 'sinks'>): string[] {
  return sinks.flatMap((sink) => (sink.kind === 'topic' && sink.compacted ? [sink.topic] : []));
}

/** Whether any task of the pipeline keeps state. */
export function isStateful({ stages }: Pick<PipelineDefinition, 'stages'>): boolean {
  return stages.some(({ stateful }) => stateful);
}

/** The internal topics between its stages. */
export function internalTopics({
  name,
  nodes,
}: Pick<PipelineDefinition, 'name' | 'nodes'>): string[] {
  return nodes.flatMap((node) =>
    node.kind === 'repartition' ? [repartitionTopic(name, node)] : [],
  );
}
