import type { WindowSpec } from '../time/windows.ts';
import type { Parse } from './schema.ts';
import type { OperatorContext, ProcessContext } from './source-record.ts';

/** How a record's bytes become the value that the schema sees. */
export type ValueFormat = 'json' | 'text' | 'bytes';

/**
 * The steps of a pipeline. A node names those before it, so that a definition is the nodes that lie
 * before its sinks; a node that is used twice sends what it makes to both.
 */
export type Node =
  | SourceNode
  | MergeNode
  | RepartitionNode
  | ValueNode
  | KeyByNode
  | BranchNode
  | WindowNode
  | FoldNode
  | ProcessNode
  | TableJoinNode
  | JoinNode
  | DedupeNode;

interface NodeBase {
  /** What people read. */
  readonly label: string;
  readonly inputs: readonly Node[];
}

export interface SourceNode extends NodeBase {
  readonly kind: 'source';
  readonly topics: readonly string[];
  readonly format: ValueFormat;
  readonly parse: Parse;
  /** Event time of a value, ms since epoch; null takes the record's own time. */
  readonly eventTime: ((value: unknown) => number) | null;
  readonly latenessMs: number;
  readonly idleAfterMs: number;
  /** Whether the watermark goes on by the wall clock when all partitions are idle. */
  readonly idle: 'advance' | 'wait';
  readonly futureMaxMs: number;
}

export interface MergeNode extends NodeBase {
  readonly kind: 'merge';
}

/** Sends records through an internal topic, so that equal keys meet in one task. */
export interface RepartitionNode extends NodeBase {
  readonly kind: 'repartition';
  /** Part of the topic's name. */
  readonly name: string;
}

/** Operators on one value. They may return a promise; most do not, and then none is made. */
export interface ValueNode extends NodeBase {
  readonly kind: 'filter' | 'map' | 'flatMap' | 'mapAsync';
  readonly apply: (value: unknown, context: OperatorContext) => unknown;
  /** Calls of a `mapAsync` that may be under way. */
  readonly concurrency: number;
}

export interface KeyByNode extends NodeBase {
  readonly kind: 'keyBy';
  /** Null stands for the record's own key. */
  readonly key: ((value: unknown, context: OperatorContext) => unknown) | null;
}

/** Lets through what one branch takes. */
export interface BranchNode extends NodeBase {
  readonly kind: 'branch';
  readonly name: string;
  readonly test: (value: unknown, context: OperatorContext) => unknown;
}

interface Fold {
  readonly init: (key: string) => unknown;
  readonly add: (accumulator: unknown, value: unknown, context: OperatorContext) => unknown;
  readonly merge: ((left: unknown, right: unknown) => unknown) | null;
  readonly result: (key: string, accumulator: unknown) => object;
}

/** An aggregate per key and window. */
export interface WindowNode extends NodeBase, Fold {
  readonly kind: 'window';
  readonly spec: WindowSpec;
  readonly graceMs: number;
  readonly late: 'drop' | 'update' | 'deadLetter';
  readonly emit: 'final' | 'changes';
  /** How long a closed window can still be updated, in ms of event time. */
  readonly keepMs: number;
}

/** An aggregate per key over everything. */
export interface FoldNode extends NodeBase, Fold {
  readonly kind: 'aggregate';
}

export interface ProcessNode extends NodeBase {
  readonly kind: 'process';
  readonly state: (key: string) => unknown;
  readonly onRecord: (value: unknown, context: ProcessContext<unknown, unknown>) => unknown;
  readonly onTimer: ((value: unknown, context: ProcessContext<unknown, unknown>) => unknown) | null;
  readonly late: 'drop' | 'deadLetter' | 'apply';
  readonly tables: readonly TableSource[];
}

/** A compacted topic whose newest record per key is a row. */
export interface TableSource {
  readonly topic: string;
  readonly format: ValueFormat;
  readonly parse: Parse;
  /** Key of a row; null takes the record's key as text. */
  readonly key: ((row: unknown) => string) | null;
}

export interface TableJoinNode extends NodeBase {
  readonly kind: 'joinTable';
  readonly table: TableSource;
  readonly join: (value: unknown, row: unknown, context: OperatorContext) => unknown;
  readonly missing: 'skip' | 'wait' | 'null';
}

/** Pairs the records of two streams whose keys are equal and whose times are near. */
export interface JoinNode extends NodeBase {
  readonly kind: 'join';
  readonly withinMs: number;
  readonly side: 'inner' | 'left';
  readonly late: 'drop' | 'deadLetter';
  readonly join: (left: unknown, right: unknown, context: OperatorContext) => unknown;
}

export interface DedupeNode extends NodeBase {
  readonly kind: 'dedupe';
  readonly by: (value: unknown, context: OperatorContext) => unknown;
  readonly withinMs: number;
}

export type Sink = TopicSink | CsvSink;

export interface TopicSink {
  readonly kind: 'topic';
  readonly topic: string;
  readonly input: Node;
  /** The identity of an output; null takes the one that follows from its sources. */
  readonly id: ((value: unknown, context: OperatorContext) => string) | null;
  /** Of its topic, when the pipeline makes it, only the newest record of each key is to be kept. */
  readonly compacted: boolean;
}

export interface CsvSink {
  readonly kind: 'csv';
  readonly fileName: string;
  readonly input: Node;
  readonly columns: readonly CsvColumn[];
  /** Headers of the columns whose sums stand in a last line; none: there is no such line. */
  readonly totals: readonly string[];
}

export interface CsvColumn {
  readonly header: string;
  readonly value: (row: unknown) => unknown;
}

/** Whether an operator needs the records of a key in one place. */
export function isKeyed(node: Node): boolean {
  switch (node.kind) {
    case 'window':
    case 'aggregate':
    case 'process':
    case 'join':
    case 'dedupe':
      return true;
    default:
      return false;
  }
}
