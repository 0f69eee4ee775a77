import type { SessionWindows } from '../time/windows.ts';
import type { WindowNode } from '../topology/nodes.ts';
import type { KeyedSpace } from '../state/keyed-space.ts';
import type { TimedSpace } from '../state/timed-space.ts';
import { callMarked } from './apply.ts';
import { addTo, resultOf } from './fold.ts';
import type { Item } from './item.ts';
import { keyFor, type Maybe, Operator, type TaskPort, whileDue } from './operator.ts';
import { rowOf } from './window-row.ts';

interface Session {
  readonly start: number;
  /** Time of its last record. */
  readonly last: number;
  readonly accumulator: unknown;
}

/** The sessions of a key that are kept. */
interface KeptSessions {
  readonly sessions: readonly Session[];
  /** By source partition, the stretches that its own records alone make, while they are open. */
  readonly own: Readonly<Record<string, ReadonlyArray<readonly [start: number, last: number]>>>;
}

const NONE: KeptSessions = { sessions: [], own: {} };

/**
 * An aggregate per key and session: records that follow each other by at most the gap. A record may
 * make one session longer, or one of two. Writing and forgetting as in `WindowOperator`.
 *
 * Which session a record belongs to is a matter of all partitions; whether it is late is one of its
 * own: it is when the session that its own partition's records make had closed by the partition's
 * log. Otherwise it would depend on what happened to be read of the others before.
 */
export class SessionWindowOperator extends Operator {
  readonly #node: WindowNode;
  readonly #task: TaskPort;
  readonly #gapMs: number;
  readonly #sessions: KeyedSpace;
  readonly #closing: TimedSpace;
  readonly #kept: TimedSpace;

  constructor(node: WindowNode, spec: SessionWindows, task: TaskPort, space: string) {
    super();
    this.#node = node;
    this.#task = task;
    this.#gapMs = spec.gapMs;
    this.#sessions = task.state.keyed(`${space}.sessions`);
    this.#closing = task.state.timed(`${space}.closing`);
    this.#kept = task.state.timed(`${space}.kept`);
  }

  get #stage(): string {
    return `window ${this.#node.label}`;
  }

  override onItem(item: Item): Maybe {
    const key = keyFor(item, this.#stage);
    const { topic, partition } = item.origin;
    const source = `${topic}/${partition}`;
    const open = (this.#of(key).own[source] ?? []).filter(
      ([, last]) => this.#closesAt(last) > item.mark,
    );
    const joined = open.filter(([start, last]) => this.#isNear(item.time, start, last));
    const last = Math.max(item.time, ...joined.map(([, end]) => end));
    if (this.#closesAt(last) > item.mark && !this.#isForgotten(last)) {
      this.#task.took();
      const start = Math.min(item.time, ...joined.map(([first]) => first));
      const others = open.filter((stretch) => !joined.includes(stretch));
      this.#add(item, key, { [source]: [...others, [start, last]] });
      return;
    }
    const { late } = this.#node;
    const byMs = Math.max(item.mark - this.#closesAt(item.time), 0);
    if (late === 'update' && !this.#isForgotten(item.time)) {
      this.#task.late(item, this.#stage, byMs, 'apply');
      this.#add(item, key, { [source]: open });
    } else {
      this.#task.late(item, this.#stage, byMs, late === 'deadLetter' ? 'deadLetter' : 'drop');
    }
  }

  override onWatermark(): Maybe {
    const written = whileDue(this.#task, () =>
      this.#closing.firstTime() <= this.watermark ? this.#close() : false,
    );
    return written instanceof Promise ? written.then(() => this.#forget()) : this.#forget();
  }

  #add(item: Item, key: string, own: KeptSessions['own']): void {
    const kept = this.#of(key);
    const joined = kept.sessions.filter(({ start, last }) => this.#isNear(item.time, start, last));
    const joinedInOne = joined.length === 0 ? undefined : this.#join(joined, item);
    const session: Session = {
      start: Math.min(item.time, joinedInOne?.start ?? Infinity),
      last: Math.max(item.time, joinedInOne?.last ?? -Infinity),
      accumulator: addTo(this.#node, this.#task, joinedInOne?.accumulator, key, item),
    };
    for (const { start, last } of joined) {
      this.#closing.remove(this.#closesAt(last), nameOf(start, key));
      this.#kept.remove(this.#closesAt(last), nameOf(start, key));
    }
    const others = kept.sessions.filter((other) => !joined.includes(other));
    this.#sessions.set(key, { sessions: [...others, session], own: { ...kept.own, ...own } });
    const closesAt = this.#closesAt(session.last);
    this.#closing.put(closesAt, nameOf(session.start, key), { key, start: session.start });
    if (closesAt <= this.watermark) this.#task.wake();
  }

  #join(sessions: readonly Session[], item: Item): Session {
    const merge = this.#node.merge as NonNullable<WindowNode['merge']>;
    return callMarked(this.#task, `${this.#stage} merge`, item, () =>
      sessions.reduce((left, right) => ({
        start: Math.min(left.start, right.start),
        last: Math.max(left.last, right.last),
        accumulator: merge(left.accumulator, right.accumulator),
      })),
    );
  }

  #close(): Maybe {
    const entry = this.#closing.peek() as { time: number; order: string; value: unknown };
    const { key, start } = entry.value as { key: string; start: number };
    const session = this.#of(key).sessions.find((one) => one.start === start) as Session;
    const end = session.last + this.#gapMs;
    const row = rowOf(this.#task, { key, start, end: end + 1, shownEnd: end });
    const close = (): void => {
      this.#closing.take();
      this.#kept.put(entry.time, entry.order, { key, start });
    };
    return this.#task.guard(
      row,
      () => {
        close();
        const result = resultOf(this.#node, this.#task, session.accumulator, row);
        return this.forward(row.withValue({ ...(row.value as object), ...result }));
      },
      close,
    );
  }

  /** A record that is not late may still come a gap behind what has closed. */
  #forget(): void {
    while (this.#kept.firstTime() <= this.settledUpTo - this.#keptFor) {
      const { value } = this.#kept.take() as { value: unknown };
      const { key, start } = value as { key: string; start: number };
      const { sessions, own } = this.#of(key);
      const left = sessions.filter((session) => session.start !== start);
      this.#sessions.set(key, left.length === 0 ? undefined : { sessions: left, own });
    }
  }

  #of(key: string): KeptSessions {
    return (this.#sessions.get(key) as KeptSessions | undefined) ?? NONE;
  }

  #isNear(time: number, start: number, last: number): boolean {
    return time >= start - this.#gapMs && time <= last + this.#gapMs;
  }

  /** A gap has to be exceeded, so the session ends a millisecond behind it. */
  #closesAt(last: number): number {
    return last + this.#gapMs + 1 + this.#node.graceMs;
  }

  #isForgotten(last: number): boolean {
    return this.#closesAt(last) <= this.settledUpTo - this.#keptFor;
  }

  get #keptFor(): number {
    return this.#gapMs + (this.#node.late === 'update' ? this.#node.keepMs : 0);
  }
}

function nameOf(start: number, key: string): string {
  return `${start} ${key}`;
}
