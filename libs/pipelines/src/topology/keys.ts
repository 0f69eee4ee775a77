import { PipelineDefinitionError } from './definition-error.ts';
import type { Node, RepartitionNode } from './nodes.ts';
import type { Plan } from './pipeline-options.ts';

/**
 * Where the records of a key are: `own` when they are in one partition, `changed` when `keyBy` gave
 * a key by which nothing is partitioned yet, `none` when the pipeline said nothing about keys.
 */
type KeyState = 'none' | 'changed' | 'own';

const repartitions = new WeakMap<Node, RepartitionNode>();

/**
 * The node itself when equal keys meet in one task there; else one that sends its records through
 * an internal topic. Throws PipelineDefinitionError when the records have no key.
 */
export function partitionedByKey(plan: Plan, node: Node, operator: string): Node {
  switch (keyStateOf(node)) {
    case 'own':
      return node;
    case 'changed':
      return repartitioned(plan, node);
    case 'none':
      throw new PipelineDefinitionError(
        plan.name,
        `${operator} needs a key: call keyBy(…) before it, or byRecordKey() when the records are keyed already`,
      );
  }
}

/**
 * The same for two streams that meet: when one of them came through an internal topic, both do, as
 * what spread the records of the other over its partitions is not known.
 */
export function partitionedAlike(
  plan: Plan,
  left: Node,
  right: Node,
  operator: string,
): [Node, Node] {
  const one = partitionedByKey(plan, left, operator);
  const other = partitionedByKey(plan, right, operator);
  const [oneIsSentOn, otherIsSentOn] = [isSentOn(one), isSentOn(other)];
  return [
    otherIsSentOn && !oneIsSentOn ? repartitioned(plan, one) : one,
    oneIsSentOn && !otherIsSentOn ? repartitioned(plan, other) : other,
  ];
}

/** Whether all that arrives at a node came through an internal topic. */
function isSentOn(node: Node): boolean {
  return node.kind === 'repartition' || (node.inputs.length > 0 && node.inputs.every(isSentOn));
}

function repartitioned(plan: Plan, node: Node): RepartitionNode {
  if (node.kind === 'repartition') return node;
  let made = repartitions.get(node);
  if (made === undefined) {
    made = { kind: 'repartition', label: 'by key', inputs: [node], name: nameFor(plan, node) };
    repartitions.set(node, made);
  }
  return made;
}

function keyStateOf(node: Node): KeyState {
  switch (node.kind) {
    case 'source':
      return 'none';
    case 'keyBy':
      return node.key === null ? 'own' : 'changed';
    case 'merge': {
      const states = node.inputs.map(keyStateOf);
      if (states.includes('none')) return 'none';
      return states.includes('changed') ? 'changed' : 'own';
    }
    case 'repartition':
    case 'window':
    case 'aggregate':
    case 'process':
    case 'join':
    case 'dedupe':
      return 'own';
    default:
      return keyStateOf(node.inputs[0] as Node);
  }
}

/** A name that no other internal topic of the pipeline has. */
function nameFor({ internalNames }: Plan, node: Node): string {
  const name = nameOf(node);
  let unique = name;
  for (let number = 2; internalNames.has(unique); number++) {
    unique = `${name}-${number}`;
  }
  internalNames.add(unique);
  return unique;
}

/** The label of the nearest `keyBy`, as part of a topic's name. */
function nameOf(node: Node): string {
  if (node.kind === 'keyBy') {
    const slug = node.label.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
    return slug.replaceAll(/^-+|-+$/g, '').slice(0, 60) || 'key';
  }
  return nameOf(node.inputs[0] as Node);
}
