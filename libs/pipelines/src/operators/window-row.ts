import { isoTime } from '../time/iso.ts';
import { Item } from './item.ts';
import type { TaskPort } from './operator.ts';

/**
 * The row of a window, without what the aggregate says. Its identity is its key and start.
 *
 * @param window `end` is where it ends, `shownEnd` what people read (a session's last gap)
 */
export function rowOf(
  task: TaskPort,
  window: {
    readonly key: string;
    readonly start: number;
    readonly end: number;
    readonly shownEnd: number;
  },
): Item {
  const { key, start, end, shownEnd } = window;
  const windowStart = isoTime(start);
  const windowEnd = isoTime(shownEnd);
  return new Item({
    origin: {
      topic: task.pipeline,
      partition: task.number,
      offset: -1,
      timestamp: shownEnd,
      record: null,
    },
    value: { key, windowStart, windowEnd },
    key,
    // Its last millisecond, so that it lies in the window of a longer one behind it.
    time: end - 1,
    mark: -Infinity,
    id: `${key}/${windowStart}`,
    changed: true,
    window: [start, shownEnd],
  });
}
