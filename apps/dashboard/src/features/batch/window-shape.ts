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
      let before: Part | null = null;
      const cells = columns.map((node): WindowCell | null => {
        const part = node.partitions.find(
          (each) => each.topic === topic && each.partition === partition,
        );
        if (part === undefined) return null;
        const seam = part.origin === 'RECREATED' ? null : seamOf(before, part);
        before = part;
        return { runId: node.runId, state: node.state, part, seam };
      });
      return { topic, partition, cells };
    }),
  };
}

function seamOf(before: Part | null, part: Part): Seam | null {
  if (before === null) return null;
  if (part.startOffset > before.endOffset) return 'gap';
  return part.startOffset < before.endOffset ? 'overlap' : 'meets';
}
