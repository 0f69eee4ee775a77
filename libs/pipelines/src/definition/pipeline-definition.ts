import type { OperatorContext } from './source-record.ts';
import type { Parse } from './schema.ts';
import type { ScheduleDefinition } from './schedule-options.ts';

/** How a record's bytes become the value that the schema sees. */
export type ValueFormat = 'json' | 'text' | 'bytes';

export interface Source {
  readonly topics: readonly string[];
  readonly format: ValueFormat;
  readonly parse: Parse;
  /** Event time of a value, ms since epoch; null takes the record's own time. */
  readonly eventTime: ((value: unknown) => number) | null;
}

/** Operators may return a promise; most do not, and then none is made. */
export type Operator =
  | {
      readonly kind: 'filter';
      readonly label: string;
      readonly apply: (value: unknown, context: OperatorContext) => boolean | Promise<boolean>;
    }
  | {
      readonly kind: 'map';
      readonly label: string;
      readonly apply: (value: unknown, context: OperatorContext) => unknown;
    }
  | {
      readonly kind: 'flatMap';
      readonly label: string;
      readonly apply: (
        value: unknown,
        context: OperatorContext,
      ) => readonly unknown[] | Promise<readonly unknown[]>;
    }
  | {
      readonly kind: 'keyBy';
      readonly label: string;
      readonly apply: (
        value: unknown,
        context: OperatorContext,
      ) => string | null | Promise<string | null>;
    };

/** An aggregate per key over a bounded window. Accumulators are kept as JSON in checkpoints. */
export interface Aggregation {
  readonly label: string;
  readonly key: (value: unknown, context: OperatorContext) => string;
  readonly init: (key: string) => unknown;
  readonly add: (accumulator: unknown, value: unknown, context: OperatorContext) => unknown;
  readonly merge: (left: unknown, right: unknown) => unknown;
  readonly result: (key: string, accumulator: unknown) => unknown;
}

export interface CsvColumn {
  readonly header: string;
  readonly value: (row: unknown) => unknown;
}

export type Sink =
  | { readonly kind: 'topic'; readonly topic: string }
  | { readonly kind: 'csv'; readonly fileName: string; readonly columns: readonly CsvColumn[] };

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
  readonly source: Source;
  readonly operators: readonly Operator[];
  readonly aggregation: Aggregation | null;
  readonly sinks: readonly Sink[];
  readonly groupId: string;
  readonly deadLetterTopic: string;
  readonly schedule: ScheduleDefinition | null;
  readonly retry: Required<RetryOptions>;
  /** Tries of one batch run before it counts as failed. */
  readonly batchAttempts: number;
  /** Changes whenever anything that decides the output does. */
  readonly hash: string;
}

/** Topics that a pipeline writes to, its dead-letter topic not included. */
export function sinkTopics(definition: Pick<PipelineDefinition, 'sinks'>): string[] {
  return definition.sinks.flatMap((sink) => (sink.kind === 'topic' ? [sink.topic] : []));
}
