import type { JoinNode } from '../topology/nodes.ts';
import { KeptLists } from '../state/kept-lists.ts';
import type { TimedSpace } from '../state/timed-space.ts';
import { apply } from './apply.ts';
import { Item, type KeptItem } from './item.ts';
import { inOrder, keyFor, type Maybe, Operator, type TaskPort, whileDue } from './operator.ts';

type Side = 'left' | 'right';

interface KeptPartner {
  readonly item: KeptItem;
  /** Whether it has been in a pair. */
  readonly paired: boolean;
}

/**
 * Pairs items of two sides whose keys are equal and whose times are at most `within` apart. A pair
 * is sent on when the second of the two has come, as a unit of its own: one that cannot be
 * processed takes no other with it, whichever of the two came last. Items are kept by key and
 * stretch of time, so that only the stretches beside an item's own have to be looked at.
 */
export class JoinOperator extends Operator {
  readonly #node: JoinNode;
  readonly #task: TaskPort;
  readonly #kept: KeptLists<KeptPartner>;
  readonly #expiring: TimedSpace;
  /** Left items that are sent on alone when event time has passed all their partners. */
  readonly #alone: TimedSpace;
  /** Pairs that are to be sent on. */
  #pairs: Array<readonly [left: Item, right: Item]> = [];
  /** The operator that brings the left side. */
  readonly #left: () => Operator;
  readonly #stretchMs: number;

  constructor(node: JoinNode, task: TaskPort, space: string, left: () => Operator) {
    super();
    this.#node = node;
    this.#task = task;
    this.#left = left;
    this.#stretchMs = Math.max(node.withinMs, 1);
    this.#kept = new KeptLists(task.state.keyed(`${space}.kept`));
    this.#expiring = task.state.timed(`${space}.expiring`);
    this.#alone = task.state.timed(`${space}.alone`);
  }

  override onItem(item: Item, from: Operator | null): Maybe {
    const side: Side = from === this.#left() ? 'left' : 'right';
    const key = keyFor(item, 'join');
    if (item.time < item.mark) {
      this.#task.late(item, 'join', item.mark - item.time, this.#node.late);
      return;
    }
    this.#task.took();
    const partners = this.#partnersOf(item, side, key);
    this.#keep(item, side, key, partners.length > 0);
    if (partners.length === 0) return;
    this.#task.afterUnit(() => {
      for (const partner of partners) {
        this.#pairs.push(side === 'left' ? [item, partner] : [partner, item]);
      }
      this.#task.wake();
    });
  }

  override onWatermark(): Maybe {
    if (this.#pairs.length > 0) {
      const pairs = this.#pairs;
      this.#pairs = [];
      const sent = inOrder(pairs, ([left, right]) =>
        this.#task.guard(left, () => this.#pair(left, right)),
      );
      if (sent instanceof Promise) return sent.then(() => this.onWatermark());
    }
    const sent = whileDue(this.#task, () =>
      this.#alone.firstTime() < this.watermark ? this.#sendAlone() : false,
    );
    return sent instanceof Promise ? sent.then(() => this.#forget()) : this.#forget();
  }

  /** The items of the other side that are near, in the order of time; they are marked as paired. */
  #partnersOf(item: Item, side: Side, key: string): Item[] {
    const other: Side = side === 'left' ? 'right' : 'left';
    const own = Math.floor(item.time / this.#stretchMs);
    const partners: Item[] = [];
    for (const stretch of [own - 1, own, own + 1]) {
      const name = nameOf(other, stretch, key);
      const isNear = ({ item: { t } }: KeptPartner): boolean =>
        Math.abs(t - item.time) <= this.#node.withinMs;
      const near = this.#kept.at(name).filter(isNear);
      for (const partner of near) partners.push(Item.revive(partner.item));
      if (other === 'left' && near.some(({ paired }) => !paired)) {
        this.#kept.replace(name, (partner) =>
          isNear(partner) && !partner.paired ? { ...partner, paired: true } : null,
        );
      }
    }
    return partners.sort(
      (left, right) => left.time - right.time || (left.order < right.order ? -1 : 1),
    );
  }

  #keep(item: Item, side: Side, key: string, paired: boolean): void {
    const stretch = Math.floor(item.time / this.#stretchMs);
    const name = nameOf(side, stretch, key);
    this.#kept.push(name, { item: item.toJSON(), paired });
    if (this.#kept.lengthOf(name) === 1) {
      this.#expiring.put((stretch + 1) * this.#stretchMs + this.#node.withinMs, name, null);
    }
    if (side === 'left' && this.#node.side === 'left' && !paired) {
      this.#alone.put(item.time + this.#node.withinMs, item.order, [name, item.id]);
      if (item.time + this.#node.withinMs < this.watermark) this.#task.wake();
    }
  }

  #sendAlone(): Maybe {
    const { value } = this.#alone.peek() as { value: unknown };
    const [name, id] = value as [string, string];
    const kept = this.#kept.at(name).find(({ item }) => item.i === id);
    const take = (): void => {
      this.#alone.take();
    };
    if (kept === undefined || kept.paired) {
      take();
      return;
    }
    const item = Item.revive(kept.item);
    return this.#task.guard(
      item,
      () => {
        take();
        return this.#pair(item, null);
      },
      take,
    );
  }

  #pair(left: Item, right: Item | null): Maybe {
    return apply(
      this.#task,
      'join',
      left,
      () => this.#node.join(left.value, right?.value ?? null, this.#task.contextOf(left)),
      (value) => {
        const id = right === null ? `${left.id}+` : `${left.id}+${right.id}`;
        return this.forward(
          left.with({
            value,
            id,
            key: left.effectiveKey,
            changed: true,
            time: Math.max(left.time, right?.time ?? -Infinity),
            mark: -Infinity,
          }),
        );
      },
    );
  }

  #forget(): void {
    while (this.#expiring.firstTime() < this.settledUpTo) {
      const { order } = this.#expiring.take() as { order: string };
      this.#kept.remove(order);
    }
  }
}

function nameOf(side: Side, stretch: number, key: string): string {
  return `${side} ${stretch} ${key}`;
}
