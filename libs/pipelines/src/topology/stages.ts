import { isKeyed, type Node, type RepartitionNode, type Sink, type SourceNode } from './nodes.ts';

/**
 * A part of a pipeline between internal topics: what one kind of task runs. Task p of a stage reads
 * partition p of each of its topics.
 */
export interface Stage {
  /** Position in the list of the definition's stages. */
  readonly index: number;
  /** Nodes that read: sources, and repartition nodes whose topic this stage reads. */
  readonly entries: ReadonlyArray<SourceNode | RepartitionNode>;
  /** The nodes behind the entries, each behind those that it reads. */
  readonly nodes: readonly Node[];
  readonly sinks: readonly Sink[];
  /** Repartition nodes whose topic this stage writes. */
  readonly exits: readonly RepartitionNode[];
  /** Whether its tasks keep state or have to number what they write. */
  readonly stateful: boolean;
}

/** Whether an operator has something that must survive its task. */
export function keepsState(node: Node): boolean {
  return isKeyed(node) || (node.kind === 'joinTable' && node.missing === 'wait');
}

/** Name of the internal topic behind a repartition node. */
export function repartitionTopic(pipeline: string, { name }: RepartitionNode): string {
  return `${pipeline}-${name}-repartition`;
}

/** The nodes before some sinks, each behind those that it reads. */
export function nodesBefore(sinks: readonly Sink[]): Node[] {
  const sorted = new Set<Node>();
  const visit = (node: Node): void => {
    if (sorted.has(node)) return;
    node.inputs.forEach(visit);
    sorted.add(node);
  };
  sinks.forEach(({ input }) => visit(input));
  return [...sorted];
}

/**
 * Cuts a pipeline at its repartition nodes. Stages with state come first, so that their indexes,
 * which name their states, stay when stages without state come or go. One without state writes
 * nothing that another reads, so each still comes behind those that it reads.
 */
export function toStages(nodes: readonly Node[], sinks: readonly Sink[]): Stage[] {
  const groups = connect(nodes);
  const stages: Array<Omit<Stage, 'index'>> = [];
  for (const members of groups) {
    const entries = members.filter((node) => node.kind === 'source' || node.kind === 'repartition');
    const inner = members.filter((node) => !entries.includes(node as SourceNode));
    const exits = nodes.filter(
      (node) => node.kind === 'repartition' && node.inputs.some((input) => members.includes(input)),
    ) as RepartitionNode[];
    stages.push({
      entries: entries as Array<SourceNode | RepartitionNode>,
      nodes: inner,
      sinks: sinks.filter(({ input }) => members.includes(input)),
      exits,
      stateful: exits.length > 0 || inner.some(keepsState),
    });
  }
  return [
    ...stages.filter(({ stateful }) => stateful),
    ...stages.filter(({ stateful }) => !stateful),
  ].map((stage, index) => ({ ...stage, index }));
}

/**
 * The nodes in groups that are connected without a repartition node in between: one belongs to the
 * stage that reads its topic. In the order of their first nodes, which have those they read before
 * them.
 */
function connect(nodes: readonly Node[]): Node[][] {
  const groupOf = new Map<Node, Set<Node>>();
  for (const node of nodes) {
    const group = new Set<Node>([node]);
    for (const input of node.kind === 'repartition' ? [] : node.inputs) {
      for (const member of groupOf.get(input) ?? []) group.add(member);
    }
    for (const member of group) groupOf.set(member, group);
  }
  const groups = [...new Set(nodes.map((node) => groupOf.get(node) as Set<Node>))];
  const sorted = groups.map((group) => nodes.filter((node) => group.has(node)));
  return inOrderOfReading(sorted);
}

/**
 * A stage would have to read what it writes itself, so that its event time would wait for itself.
 */
export class StageCycle extends Error {
  override readonly name = 'StageCycle';
}

/** A group that reads what another one writes comes behind it. Throws StageCycle. */
function inOrderOfReading(groups: readonly Node[][]): Node[][] {
  const sorted: Node[][] = [];
  const under = new Set<Node[]>();
  const visit = (group: Node[]): void => {
    if (sorted.includes(group)) return;
    if (under.has(group)) throw new StageCycle();
    under.add(group);
    for (const node of group) {
      if (node.kind !== 'repartition') continue;
      groups.filter((other) => node.inputs.some((input) => other.includes(input))).forEach(visit);
    }
    sorted.push(group);
  };
  groups.forEach(visit);
  return sorted;
}

/** Topics whose partition p task p of a stage reads. */
export function topicsOf(stage: Stage, pipeline: string): string[] {
  return stage.entries.flatMap((entry) =>
    entry.kind === 'source' ? entry.topics : [repartitionTopic(pipeline, entry)],
  );
}

/** What a stage reads a topic by. Throws TypeError when it does not read it. */
export function entryFor(
  stage: Stage,
  pipeline: string,
  topic: string,
): SourceNode | RepartitionNode {
  const entry = stage.entries.find((node) =>
    node.kind === 'source'
      ? node.topics.includes(topic)
      : repartitionTopic(pipeline, node) === topic,
  );
  if (entry === undefined) {
    throw new TypeError(`${pipeline} does not read the topic ${topic} in this stage`);
  }
  return entry;
}
