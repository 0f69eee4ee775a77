import type { Random } from './random.ts';

/** What a disk writes as one piece. */
const SECTOR_SIZE = 512;

type Change =
  | { readonly kind: 'write'; readonly position: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly size: number };

/** Bytes that grow and shrink as a file does; what was never written reads as zero. */
class Content {
  #bytes: Buffer;
  size: number;

  constructor(bytes: Buffer = Buffer.alloc(0)) {
    this.#bytes = bytes;
    this.size = bytes.length;
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.size);
  }

  apply(change: Change): void {
    if (change.kind === 'truncate') {
      if (change.size > this.size) this.#grow(change.size);
      this.#bytes.fill(0, change.size, this.size);
      this.size = change.size;
      return;
    }
    const end = change.position + change.bytes.length;
    if (end > this.size) this.#grow(end);
    change.bytes.copy(this.#bytes, change.position);
  }

  /** Applies any of a change's sectors, each with this probability. */
  applyInPart(change: Change, share: number, random: Random): void {
    if (change.kind === 'truncate') {
      if (random.chance(share)) this.apply(change);
      return;
    }
    for (let at = 0; at < change.bytes.length; at += SECTOR_SIZE) {
      if (!random.chance(share)) continue;
      const bytes = change.bytes.subarray(at, at + SECTOR_SIZE);
      this.apply({ kind: 'write', position: change.position + at, bytes });
    }
  }

  #grow(size: number): void {
    if (size > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(size, this.#bytes.length * 2, 256));
      this.#bytes.copy(larger, 0, 0, this.size);
      this.#bytes = larger;
    }
    this.size = size;
  }
}

/** A file's content: as it is now, and the part that is sure to survive a power loss. */
export class Inode {
  #current: Content;
  #durable: Content;
  /** Since the last sync, in order. */
  #changes: Change[] = [];
  /** How many changes came before those in `#changes`. */
  #settled = 0;

  constructor(bytes: Buffer = Buffer.alloc(0)) {
    this.#current = new Content(Buffer.from(bytes));
    this.#durable = new Content(Buffer.from(bytes));
  }

  get size(): number {
    return this.#current.size;
  }

  /** Changes ever made: a mark for `makeDurable`. */
  get changeCount(): number {
    return this.#settled + this.#changes.length;
  }

  content(): Buffer {
    return this.#current.bytes;
  }

  copy(target: Buffer, start: number, from: number, to: number): number {
    return this.#current.bytes.copy(target, start, from, to);
  }

  change(change: Change): void {
    this.#current.apply(change);
    this.#changes.push(change);
  }

  /** A sync of all changes before `mark`. */
  makeDurable(mark: number): void {
    for (const change of this.#takeUntil(mark)) this.#durable.apply(change);
  }

  /**
   * A sync of all changes before `mark` that failed: sizes are in the journal, the bytes are not.
   */
  abandon(mark: number): void {
    for (const change of this.#takeUntil(mark)) {
      const size = change.kind === 'truncate' ? change.size : change.position + change.bytes.length;
      if (change.kind === 'truncate' || size > this.#durable.size) {
        this.#durable.apply({ kind: 'truncate', size });
      }
    }
  }

  /** Changes the bytes as a fault would: unnoticed and for good. */
  damage(change: (bytes: Buffer) => Buffer): void {
    const bytes = change(Buffer.from(this.content()));
    this.#current = new Content(Buffer.from(bytes));
    this.#durable = new Content(bytes);
    this.#takeUntil(Infinity);
  }

  /** What a power loss leaves: sometimes all, or none, or a beginning; sometimes any sectors. */
  afterPowerLoss(random: Random): Inode {
    const share = random.pick([0, 1, random.next()]);
    const survivor = new Content(Buffer.from(this.#durable.bytes));
    for (const change of this.#changes) survivor.applyInPart(change, share, random);
    return new Inode(survivor.bytes);
  }

  #takeUntil(mark: number): Change[] {
    const taken = this.#changes.splice(0, Math.max(0, mark - this.#settled));
    this.#settled += taken.length;
    return taken;
  }
}
