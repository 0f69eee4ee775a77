import { describe, expect, it } from 'vitest';
import type { WindowGridData } from './queries.ts';
import { windowShape } from './window-shape.ts';

type Part = WindowGridData['nodes'][number]['partitions'][number];

function part(partition: number, startOffset: number, endOffset: number, origin = 'NEXT'): Part {
  return { topic: 'in', partition, startOffset, endOffset, lost: 0, origin } as Part;
}

/** Newest first, as the server gives them. */
function grid(...windows: Part[][]): WindowGridData {
  const nodes = windows.map((partitions, index) => ({
    runId: `r${windows.length - index}`,
    state: 'SUCCEEDED',
    scheduledFor: null,
    frozenAt: 0,
    recordsTotal: 0,
    lostTotal: 0,
    partitions,
    partitionCount: partitions.length,
  }));
  return { totalCount: nodes.length, nodes, faults: [] } as WindowGridData;
}

function seams(data: WindowGridData): (string | null | undefined)[][] {
  return windowShape(data).rows.map((row) => row.cells.map((cell) => cell?.seam));
}

describe('the window grid', () => {
  it('shows the oldest run first, a row per partition, in their order', () => {
    const { columns, rows } = windowShape(
      grid([part(10, 5, 9), part(2, 0, 4)], [part(2, 0, 0), part(10, 0, 5)]),
    );
    expect(columns.map(({ runId }) => runId)).toEqual(['r1', 'r2']);
    expect(rows.map(({ partition }) => partition)).toEqual([2, 10]);
    expect(rows[1]?.cells.map((cell) => cell?.part.endOffset)).toEqual([5, 9]);
  });

  it('tells windows that meet from those that leave out or repeat offsets', () => {
    const data = grid([part(0, 8, 9)], [part(0, 7, 10)], [part(0, 5, 6)], [part(0, 0, 5)]);
    expect(seams(data)).toEqual([[null, 'meets', 'gap', 'overlap']]);
  });

  it('takes the windows of a partition by their offsets, not by when their runs were asked for', () => {
    const data = grid([part(0, 0, 5)], [part(0, 9, 9)], [part(0, 5, 9)]);
    expect(seams(data)).toEqual([['meets', null, null]]);
  });

  it('takes a new topic or partition for no gap', () => {
    const data = grid([part(0, 0, 3, 'RECREATED'), part(1, 4, 9, 'GROWN')], [part(0, 40, 50)]);
    expect(seams(data)).toEqual([
      [null, null],
      [undefined, null],
    ]);
  });
});
