import type { WindowNode } from '../topology/nodes.ts';
import { callMarked } from './apply.ts';
import type { Item } from './item.ts';
import { type TaskPort } from './operator.ts';

type FoldFunctions = Pick<WindowNode, 'label' | 'init' | 'add' | 'result'>;

/** An accumulator with one more value; a new one when there was none. */
export function addTo(
  node: FoldFunctions,
  task: TaskPort,
  accumulator: unknown,
  key: string,
  item: Item,
): unknown {
  return callMarked(task, `aggregate ${node.label}`, item, () => {
    const before = accumulator === undefined ? node.init(key) : accumulator;
    const after = node.add(before, item.value, task.contextOf(item));
    if (after === undefined) {
      throw new TypeError('add must return the accumulator');
    }
    return after;
  });
}

/** What the row says besides its key and window. */
export function resultOf(
  node: FoldFunctions,
  task: TaskPort,
  accumulator: unknown,
  row: Item,
): object {
  const key = row.effectiveKey ?? '';
  return callMarked(task, `aggregate ${node.label}`, row, () => node.result(key, accumulator));
}
