import { assertNever } from '../assert-never.ts';
import { isKeyed, type Node } from '../topology/nodes.ts';
import type { Stage } from '../topology/stages.ts';
import { AggregateOperator } from './aggregate.ts';
import { BranchOperator } from './branch.ts';
import { DedupeOperator } from './dedupe.ts';
import { type Delay, delayBehind, longest, NO_DELAY } from './delays.ts';
import { FilterOperator } from './filter.ts';
import { FlatMapOperator } from './flat-map.ts';
import type { Item } from './item.ts';
import { JoinOperator } from './join.ts';
import { TableJoinOperator } from './join-table.ts';
import { KeyByOperator } from './key-by.ts';
import { MapAsyncOperator } from './map-async.ts';
import { MapOperator } from './map.ts';
import { type Maybe, Operator, type TaskPort } from './operator.ts';
import { RepartitionOperator, SinkOperator } from './outlets.ts';
import { ProcessOperator } from './process.ts';
import { SessionWindowOperator } from './session-window.ts';
import { WindowOperator } from './window.ts';

/** The operators of one task. */
export interface Graph {
  /** Where the items of an entry of the stage go in. */
  readonly entries: ReadonlyMap<Node, Operator>;
  /** All of them, each behind those that send to it. */
  readonly steps: readonly Step[];
  /** Delay of what goes to the next stage. */
  readonly exitDelay: Delay;
}

export interface Step {
  readonly operator: Operator;
  /** Delay of what it takes. */
  readonly delay: Delay;
}

/** Makes and connects the operators of a stage. */
export function buildGraph(stage: Stage, task: TaskPort): Graph {
  const made = new Map<Node, Operator>();
  for (const entry of stage.entries) {
    made.set(entry, new PassOperator());
  }
  const delays = new Map<Node, Delay>();
  const delayOf = (nodes: readonly Node[]): Delay =>
    longest(nodes.map((node) => delays.get(node) ?? NO_DELAY));
  const spaces = new SpaceNames();
  const steps: Step[] = [];
  for (const node of stage.nodes) {
    const operator = toOperator(node, task, spaces.next(node), made);
    made.set(node, operator);
    const delay = delayOf(node.inputs);
    delays.set(node, delayBehind(node, delay));
    steps.push({ operator, delay });
    node.inputs.forEach((input) => made.get(input)?.next.push(operator));
  }
  for (const sink of stage.sinks) {
    made.get(sink.input)?.next.push(new SinkOperator(sink, task));
  }
  for (const exit of stage.exits) {
    for (const input of exit.inputs) {
      made.get(input)?.next.push(new RepartitionOperator(exit, task));
    }
  }
  const exitDelay = delayOf(stage.exits.flatMap(({ inputs }) => inputs));
  return { entries: made, steps, exitDelay };
}

function toOperator(
  node: Node,
  task: TaskPort,
  space: string,
  made: ReadonlyMap<Node, Operator>,
): Operator {
  switch (node.kind) {
    case 'source':
    case 'repartition':
      return new PassOperator();
    case 'merge': {
      const [left, right] = node.inputs as [Node, Node];
      return shareRecords(left, right)
        ? new MergeOperator(() => made.get(left) as Operator)
        : new PassOperator();
    }
    case 'filter':
      return new FilterOperator(`filter ${node.label}`, node.apply, task);
    case 'map':
      return new MapOperator(`map ${node.label}`, node.apply, task);
    case 'flatMap':
      return new FlatMapOperator(`flatMap ${node.label}`, node.apply, task);
    case 'mapAsync':
      return new MapAsyncOperator(node, task);
    case 'keyBy':
      return new KeyByOperator(node, task);
    case 'branch':
      return new BranchOperator(node, task);
    case 'window':
      return node.spec.kind === 'session'
        ? new SessionWindowOperator(node, node.spec, task, space)
        : new WindowOperator(node, task, space);
    case 'aggregate':
      return new AggregateOperator(node, task, space);
    case 'process':
      return new ProcessOperator(node, task, space);
    case 'joinTable':
      return new TableJoinOperator(node, task, space);
    case 'join':
      return new JoinOperator(
        node,
        task,
        space,
        () => made.get(node.inputs[0] as Node) as Operator,
      );
    case 'dedupe':
      return new DedupeOperator(node, task, space);
    default:
      return assertNever(node);
  }
}

/**
 * Names of the state of operators. A keyed one is named by its kind and its place among those,
 * which is part of the definition's state hash; a table join by its table, as others may be added
 * and taken away without that hash being another.
 */
class SpaceNames {
  #keyed = 0;
  readonly #ofTables = new Map<string, number>();

  next(node: Node): string {
    if (node.kind === 'joinTable') {
      const { topic } = node.table;
      const number = this.#ofTables.get(topic) ?? 0;
      this.#ofTables.set(topic, number + 1);
      return `joinTable.${topic}.${number}`;
    }
    return isKeyed(node) ? `${node.kind}${this.#keyed++}` : node.kind;
  }
}

/** Whether something of the same record may come from both. */
function shareRecords(left: Node, right: Node): boolean {
  const [one, other] = [nodesUpTo(left), nodesUpTo(right)];
  return [...one].some((node) => other.has(node));
}

function nodesUpTo(last: Node): Set<Node> {
  return new Set([last, ...last.inputs.flatMap((input) => [...nodesUpTo(input)])]);
}

/** Where two ways of the same records come together: the way is part of the identity. */
class MergeOperator extends Operator {
  readonly #left: () => Operator;

  constructor(left: () => Operator) {
    super();
    this.#left = left;
  }

  override onItem(item: Item, from: Operator | null): Maybe {
    const way = from === this.#left() ? 'left' : 'right';
    return this.forward(item.withId(`${item.id}/${way}`));
  }
}

/** Where streams begin or come together. */
class PassOperator extends Operator {
  override onItem(item: Item): Maybe {
    return this.forward(item);
  }
}
