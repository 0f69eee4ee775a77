import type { WindowGridData } from './queries.ts';

type Node = WindowGridData['nodes'][number];
type Part = Node['partitions'][number];

/** How a window meets the one before it: at its end, or not. */
export type Seam = 'meets' | 'gap' | 'overlap';

export interface WindowCell {
  readonly runId: string;
  readonly state: Node['state'];
  readonly part: Part;
  /** Null where there is no window before, or it is of another topic. */
  readonly seam: Seam | null;
}

export interface WindowRow {
  readonly topic: string;
  readonly partition: number;
  /** In the order of `columns`; null where the run had no such partition. */
  readonly cells: readonly (WindowCell | null)[];
}

export interface WindowShape {
  /** The oldest first. */
  readonly columns: readonly Node[];
  readonly rows: readonly WindowRow[];
}

/** The grid as it is drawn: a row per partition, a column per run. */
export function windowShape(grid: WindowGridData): WindowShape {
  const columns = grid.nodes.toReversed();
  const keys = new Map<string, { topic: string; partition: number }>();
  for (const { topic, partition } of columns.flatMap((node) => node.partitions)) {
    keys.set(`${topic}/${partition}`, { topic, partition });
  }
  const ordered = [...keys.values()].toSorted(
    (a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition,
  );
  return {
    columns,
    rows: ordered.map(({ topic, partition }) => {
      const parts = columns.map((node) =>
        node.partitions.find((each) => each.topic === topic && each.partition === partition),
      );
      const seams = seamsOf(parts.filter((part) => part !== undefined));
      const cells = columns.map((node, index): WindowCell | null => {
        const part = parts[index];
        if (part === undefined) return null;
        return { runId: node.runId, state: node.state, part, seam: seams.get(part) ?? null };
      });
      return { topic, partition, cells };
    }),
  };
}

/** How each part meets the one before it by offset, among those of the same topic. */
function seamsOf(parts: readonly Part[]): Map<Part, Seam> {
  const seams = new Map<Part, Seam>();
  let ofTopic: Part[] = [];
  const topics = [ofTopic];
  for (const part of parts) {
    if (part.origin === 'RECREATED') {
      ofTopic = [];
      topics.push(ofTopic);
    }
    ofTopic.push(part);
  }
  for (const held of topics.map((all) => all.filter(isNotEmpty))) {
    const inOrder = held.toSorted((a, b) => a.startOffset - b.startOffset);
    for (const [index, part] of inOrder.entries()) {
      const before = inOrder[index - 1];
      if (before !== undefined) seams.set(part, seamOf(before, part));
    }
  }
  return seams;
}

function isNotEmpty(part: Part): boolean {
  return part.endOffset > part.startOffset;
}

function seamOf(before: Part, part: Part): Seam {
  if (part.startOffset > before.endOffset) return 'gap';
  return part.startOffset < before.endOffset ? 'overlap' : 'meets';
}
