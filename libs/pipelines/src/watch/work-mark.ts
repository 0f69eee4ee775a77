/** Where an item comes from, as far as a mark says it. */
export interface MarkedOrigin {
  readonly topic: string;
  readonly partition: number;
  /** Negative for what comes from no single record: a timer, the row of a window. */
  readonly offset: number;
}

/**
 * Says which function of a user is under way and on what, so that whoever watches can name it when
 * it does not come back. It is written at every call, so it has to cost next to nothing.
 */
export interface WorkMark {
  /** A function is called now. */
  enter(operator: string, origin: MarkedOrigin, id: string): void;
  /** It has returned or thrown. */
  leave(): void;
  /** Between `enter` and `leave`: makes the call itself; null where the caller makes it. */
  readonly around: (<Outcome>(call: () => Outcome) => Outcome) | null;
  /** The promise that it returned is waited for; the answer is for `settled`. */
  waits(operator: string, origin: MarkedOrigin, id: string): number;
  settled(slot: number): void;
}

/** For tasks that nobody watches. */
export const UNMARKED: WorkMark = {
  enter() {},
  leave() {},
  around: null,
  waits: () => 0,
  settled() {},
};

/** Work that a mark names. */
export interface MarkedWork extends MarkedOrigin {
  readonly pipeline: string;
  /** Index of the stage. */
  readonly stage: number;
  readonly operator: string;
  /** Tells apart what has no offset; 0 for records. */
  readonly idHash: number;
}

/** Work that was cut off as often as the pipeline allows: its item becomes a dead letter. */
export interface CutOff extends MarkedWork {
  readonly reason: string;
  readonly attempts: number;
}

/** The same for the same item in the same stage. */
export function workKey({
  stage,
  topic,
  partition,
  offset,
  idHash,
}: Omit<MarkedWork, 'pipeline' | 'operator'>): string {
  return `${stage} ${topic}/${partition}/${offset}/${idHash}`;
}

/** 0 for what an offset identifies, else FNV-1a of the item's identity. */
export function idHashOf({ offset }: MarkedOrigin, id: string): number {
  if (offset >= 0) return 0;
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at++) {
    hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  }
  return hash | 0 || 1;
}
