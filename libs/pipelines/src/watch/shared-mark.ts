import { AsyncLocalStorage } from 'node:async_hooks';
import { idHashOf, type MarkedOrigin, type MarkedWork, type WorkMark } from './work-mark.ts';

/**
 * Marks in memory that two threads share: one works and writes, the other watches and reads. The
 * writer takes no lock and waits for nobody, so a reader may see half of a change. It acts only on
 * what it has seen unchanged for a long time, and that is whole.
 *
 * Numbers of 4 bytes at: 0 calls so far, 4 beats so far. From byte 64 on slots of 32 bytes: the
 * call that is under way, then the promises that are waited for. A slot: whether it is in use (0 or
 * 1), who (pipeline and stage), operator, topic, partition, hash of the identity, then the offset
 * as a float of 8 bytes. Names are numbers, which the writer hands out and tells.
 */
const SLOTS = 65;
const SLOT_BYTES = 32;
const SLOTS_AT = 64;

const CALLS = 0;
const BEATS = 1;

/** Positions within a slot, in numbers of 4 bytes. */
const IN_USE = 0;
const UNIT = 1;
const OPERATOR = 2;
const TOPIC = 3;
const PARTITION = 4;
const ID_HASH = 5;
/** The offset's position, in numbers of 8 bytes. */
const OFFSET = 3;

export function newSharedMark(): SharedArrayBuffer {
  return new SharedArrayBuffer(SLOTS_AT + SLOTS * SLOT_BYTES);
}

/** The writing side: one for all pipelines of a thread. */
export class SharedMark {
  readonly #ints: Int32Array;
  readonly #floats: Float64Array;
  readonly #names = new Map<string, number>();
  readonly #onName: (name: string) => void;
  readonly #free: number[] = Array.from({ length: SLOTS - 1 }, (_, index) => SLOTS - 1 - index);
  readonly #belongsTo = new AsyncLocalStorage<MarkedWork | undefined>();
  #follows = false;
  #calls = 0;

  /** @param onName told each name when it is used first: the first gets the number 1 */
  constructor(buffer: SharedArrayBuffer, onName: (name: string) => void) {
    this.#ints = new Int32Array(buffer);
    this.#floats = new Float64Array(buffer);
    this.#onName = onName;
  }

  /** From now on `begunBy` can tell what began something asynchronous. Calls become slower. */
  follow(): void {
    this.#follows = true;
  }

  /** The call that began what runs now, after `follow`; undefined when none did. */
  get begunBy(): MarkedWork | undefined {
    return this.#belongsTo.getStore();
  }

  /** The marks of one stage of a pipeline. */
  of(pipeline: string, stage: number): WorkMark {
    const unit = this.#number(`${stage} ${pipeline}`);
    let work: MarkedWork | undefined;
    const enter: WorkMark['enter'] = (operator, origin, id) => {
      this.#write(0, unit, operator, origin, id);
      this.#calls = (this.#calls + 1) | 0;
      Atomics.store(this.#ints, CALLS, this.#calls);
    };
    const enterFollowed: WorkMark['enter'] = (operator, origin, id) => {
      enter(operator, origin, id);
      const { topic, partition, offset } = origin;
      const idHash = idHashOf(origin, id);
      work = { pipeline, stage, operator, topic, partition, offset, idHash };
    };
    return {
      enter: this.#follows ? enterFollowed : enter,
      around: this.#follows ? (call) => this.#belongsTo.run(work, call) : null,
      leave: () => {
        this.#ints[SLOTS_AT / 4 + IN_USE] = 0;
      },
      waits: (operator, origin, id) => {
        const slot = this.#free.pop() ?? 0;
        if (slot !== 0) this.#write(slot, unit, operator, origin, id);
        return slot;
      },
      settled: (slot) => {
        if (slot === 0) return;
        this.#ints[intsOf(slot) + IN_USE] = 0;
        this.#free.push(slot);
      },
    };
  }

  /** The event loop of the thread has come around. */
  beat(): void {
    Atomics.add(this.#ints, BEATS, 1);
  }

  #write(slot: number, unit: number, operator: string, origin: MarkedOrigin, id: string): void {
    const ints = this.#ints;
    const at = intsOf(slot);
    ints[at + UNIT] = unit;
    ints[at + OPERATOR] = this.#number(operator);
    ints[at + TOPIC] = this.#number(origin.topic);
    ints[at + PARTITION] = origin.partition;
    ints[at + ID_HASH] = idHashOf(origin, id);
    this.#floats[at / 2 + OFFSET] = origin.offset;
    ints[at + IN_USE] = 1;
  }

  #number(name: string): number {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const number = this.#names.size + 1;
    this.#names.set(name, number);
    this.#onName(name);
    return number;
  }
}

export interface MarksSeen {
  /** Changes with every call. */
  readonly calls: number;
  /** Changes whenever the event loop comes around. */
  readonly beats: number;
  /** The call that is under way. */
  readonly call: MarkedWork | null;
  /** Promises that are waited for. */
  readonly waiting: readonly MarkedWork[];
}

/** The watching side. */
export class SharedMarkReader {
  readonly #ints: Int32Array;
  readonly #floats: Float64Array;
  readonly #names = [''];

  constructor(buffer: SharedArrayBuffer) {
    this.#ints = new Int32Array(buffer);
    this.#floats = new Float64Array(buffer);
  }

  /** To be called with each name that the writer tells. */
  named(name: string): void {
    this.#names.push(name);
  }

  read(): MarksSeen {
    const slots = Array.from({ length: SLOTS }, (_, slot) => this.#slot(slot));
    return {
      calls: Atomics.load(this.#ints, CALLS),
      beats: Atomics.load(this.#ints, BEATS),
      call: slots[0] ?? null,
      waiting: slots.slice(1).filter((work) => work !== null),
    };
  }

  #slot(slot: number): MarkedWork | null {
    const at = intsOf(slot);
    if (Atomics.load(this.#ints, at + IN_USE) === 0) return null;
    const nameAt = (index: number): string => this.#names[this.#ints[at + index] ?? 0] ?? '';
    const [stage = '', ...pipeline] = nameAt(UNIT).split(' ');
    return {
      pipeline: pipeline.join(' '),
      stage: Number(stage),
      operator: nameAt(OPERATOR),
      topic: nameAt(TOPIC),
      partition: this.#ints[at + PARTITION] ?? 0,
      idHash: this.#ints[at + ID_HASH] ?? 0,
      offset: this.#floats[at / 2 + OFFSET] ?? 0,
    };
  }
}

function intsOf(slot: number): number {
  return (SLOTS_AT + slot * SLOT_BYTES) / 4;
}
