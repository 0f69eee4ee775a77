import type { WindowNode } from '../topology/nodes.ts';
import type { KeyedSpace } from '../state/keyed-space.ts';
import type { TimedSpace } from '../state/timed-space.ts';
import { type TimeWindow, windowAssigner } from '../time/windows.ts';
import { addTo, resultOf } from './fold.ts';
import { Item } from './item.ts';
import { inOrder, keyFor, type Maybe, Operator, type TaskPort, whileDue } from './operator.ts';
import { rowOf } from './window-row.ts';

interface OpenWindow {
  readonly start: number;
  readonly end: number;
  readonly key: string;
}

/**
 * An aggregate per key and aligned or calendar window.
 *
 * Whether a record counts is decided by the log of its own partition: it is late when every window
 * it belongs to had closed by that measure. When a window is written is decided by the watermark.
 * The two differ while a partition is idle, so a window that was written is kept until no record
 * can come that counts, and is written once more, under the same identity, when one did.
 */
export class WindowOperator extends Operator {
  readonly #node: WindowNode;
  readonly #task: TaskPort;
  readonly #windowsOf: (time: number) => readonly TimeWindow[];
  readonly #accumulators: KeyedSpace;
  /** Windows to be written, by the time at which they close. */
  readonly #closing: TimedSpace;
  /** Windows that were written, by the time from which they can be forgotten. */
  readonly #kept: TimedSpace;
  /** With `emit: 'changes'`: windows whose row the next commit sends on. */
  readonly #changed = new Map<string, OpenWindow>();

  constructor(node: WindowNode, task: TaskPort, space: string) {
    super();
    if (node.spec.kind === 'session') throw new TypeError('sessions have an operator of their own');
    this.#node = node;
    this.#task = task;
    this.#windowsOf = windowAssigner(node.spec);
    this.#accumulators = task.state.keyed(`${space}.windows`);
    this.#closing = task.state.timed(`${space}.closing`);
    this.#kept = task.state.timed(`${space}.kept`);
  }

  override onItem(item: Item): Maybe {
    const stage = `window ${this.#node.label}`;
    const key = keyFor(item, stage);
    const windows = this.#windowsOf(item.time);
    const known = windows.filter(({ end }) => !this.#isForgotten(end));
    const open = known.filter(({ end }) => this.#closesAt(end) > item.mark);
    if (open.length > 0) {
      this.#task.took();
      open.forEach((window) => this.#add(item, key, window));
      return;
    }
    const last = windows.at(-1) as TimeWindow;
    const byMs = Math.max(item.mark - this.#closesAt(last.end), 0);
    const { late } = this.#node;
    const corrected = late === 'update' ? known : [];
    if (corrected.length > 0) {
      this.#task.late(item, stage, byMs, 'apply');
      corrected.forEach((window) => this.#add(item, key, window));
    } else {
      this.#task.late(item, stage, byMs, late === 'deadLetter' ? 'deadLetter' : 'drop');
    }
  }

  override onWatermark(): Maybe {
    const written = whileDue(this.#task, () =>
      this.#closing.firstTime() <= this.watermark ? this.#close() : false,
    );
    return written instanceof Promise ? written.then(() => this.#forget()) : this.#forget();
  }

  override onCommit(): Maybe {
    const changed = [...this.#changed.values()];
    this.#changed.clear();
    return inOrder(changed, (window) => this.#write(window, () => {}));
  }

  #add(item: Item, key: string, { start, end }: TimeWindow): void {
    const name = nameOf(start, key);
    const before = this.#accumulators.get(name);
    this.#accumulators.set(name, addTo(this.#node, this.#task, before, key, item));
    const closesAt = this.#closesAt(end);
    const window: OpenWindow = { start, end, key };
    if (this.#node.emit === 'changes') this.#changed.set(name, window);
    if (before === undefined || closesAt <= this.watermark) {
      this.#closing.put(closesAt, name, window);
      if (closesAt <= this.watermark) this.#task.wake();
    }
  }

  #close(): Maybe {
    const { time, order, value } = this.#closing.peek() as {
      time: number;
      order: string;
      value: unknown;
    };
    const window = value as OpenWindow;
    const close = (): void => {
      this.#closing.take();
      if (this.#isForgotten(window.end)) this.#accumulators.set(order, undefined);
      else this.#kept.put(time, order, window);
    };
    // A change that no commit has sent on yet goes now: the window may be forgotten before one.
    if (this.#node.emit === 'changes' && !this.#changed.delete(order)) {
      close();
      return;
    }
    return this.#write(window, close);
  }

  /** Sends on the row of a window; `before` is part of the unit. */
  #write(window: OpenWindow, before: () => void): Maybe {
    const { start, end, key } = window;
    const row = rowOf(this.#task, { key, start, end, shownEnd: end });
    return this.#task.guard(
      row,
      () => {
        const accumulator = this.#accumulators.get(nameOf(start, key));
        before();
        if (accumulator === undefined) return;
        const value = {
          ...(row.value as object),
          ...resultOf(this.#node, this.#task, accumulator, row),
        };
        return this.forward(row.withValue(value));
      },
      before,
    );
  }

  #forget(): void {
    for (;;) {
      const first = this.#kept.peek();
      const end = (first?.value as OpenWindow | undefined)?.end;
      if (first === null || end === undefined || !this.#isForgotten(end)) return;
      this.#kept.take();
      this.#accumulators.set(first.order, undefined);
    }
  }

  #closesAt(end: number): number {
    return end + this.#node.graceMs;
  }

  /** Whether the window has left the state, so that nothing can be added to it. */
  #isForgotten(end: number): boolean {
    const keptFor = this.#node.late === 'update' ? this.#node.keepMs : 0;
    return this.#closesAt(end) + keptFor <= this.settledUpTo;
  }
}

/** Name of a window in the state. */
function nameOf(start: number, key: string): string {
  return `${start} ${key}`;
}
