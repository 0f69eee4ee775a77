import { createHash } from 'node:crypto';
import type { Node, Sink } from './nodes.ts';
import { keepsState, type Stage } from './stages.ts';

/**
 * Stands for everything that decides the output of a pipeline. The source text of a function stands
 * for what it does.
 */
export function definitionHash(nodes: readonly Node[], sinks: readonly Sink[]): string {
  return hash([describe(nodes, nodes), sinks.map((sink) => describeSink(sink, nodes))]);
}

/**
 * Stands for what the kept state means: the operators that keep it, in their places, and the keys,
 * topics and event times that reach them. Empty when none is kept. Everything else may change
 * while the state stays: steps on single records, tables, labels, sinks, what comes behind.
 */
export function stateHash(stages: readonly Stage[]): string {
  const stateful = stages.filter((stage) => stage.stateful);
  return stateful.length === 0 ? '' : hash(stateful.map(describeStage));
}

function describeStage({ index, nodes, exits }: Stage): unknown {
  const kept = nodes.filter(keepsState);
  const before = (node: Node): unknown[] => node.inputs.map((input) => meaningOf(input, kept));
  return [
    index,
    kept.map((node) => [stateOf(node), before(node)]),
    exits.map((exit) => [exit.name, before(exit)]),
  ];
}

/** What a node hands on, as far as it matters to a state behind it. */
function meaningOf(node: Node, kept: readonly Node[]): unknown[] {
  const at = kept.indexOf(node);
  if (at >= 0) return ['operator', at];
  const before = node.inputs.map((input) => meaningOf(input, kept));
  switch (node.kind) {
    case 'source':
      return ['source', node.topics, node.eventTime];
    case 'repartition':
      return ['repartition', node.name];
    case 'keyBy':
      return ['keyBy', node.key, ...before];
    default:
      return before.length === 1 ? (before[0] ?? []) : before;
  }
}

function stateOf(node: Node): unknown {
  const layout = LAYOUTS[node.kind] ?? 1;
  // Records wait for a row of this topic, whatever its rows are.
  if (node.kind === 'joinTable') return [node.kind, layout, node.missing, node.table.topic];
  const meaning = Object.entries(node).filter(([name]) => !WITHOUT_MEANING.includes(name));
  return layout === 1 ? meaning : [...meaning, layout];
}

/** How what an operator keeps is laid out: one that cannot read it must not go on with it. */
const LAYOUTS: Partial<Record<Node['kind'], number>> = { dedupe: 2, join: 2, joinTable: 2 };

/** Fields of a node that what it keeps does not depend on; its inputs are described apart. */
const WITHOUT_MEANING = ['label', 'inputs', 'tables'];

function describe(some: readonly Node[], all: readonly Node[]): unknown {
  return some.map(({ inputs, ...node }) => [node, inputs.map((input) => all.indexOf(input))]);
}

function describeSink({ input, ...sink }: Sink, all: readonly Node[]): unknown {
  return [sink, all.indexOf(input)];
}

function hash(value: unknown): string {
  const text = JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'function' ? String(part) : part,
  );
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
