import type { Item } from '../operators/item.ts';
import { PoisonRecord } from '../operators/operator.ts';
import { type CutOff, idHashOf, workKey } from '../watch/work-mark.ts';

/** The items of a stage whose work was cut off as often as the pipeline allows. */
export class CutOffs {
  readonly #stage: number;
  readonly #byKey: ReadonlyMap<string, CutOff>;

  private constructor(stage: number, cutOffs: readonly CutOff[]) {
    this.#stage = stage;
    this.#byKey = new Map(cutOffs.map((cutOff) => [workKey(cutOff), cutOff]));
  }

  /** Null when there are none. */
  static of(cutOffs: readonly CutOff[] | undefined, stage: number): CutOffs | null {
    const own = (cutOffs ?? []).filter((cutOff) => cutOff.stage === stage);
    return own.length === 0 ? null : new CutOffs(stage, own);
  }

  of({
    origin,
    id,
  }: Item): { readonly error: PoisonRecord; readonly attempts: number } | undefined {
    const idHash = idHashOf(origin, id);
    const cutOff = this.#byKey.get(workKey({ ...origin, idHash, stage: this.#stage }));
    return cutOff === undefined
      ? undefined
      : {
          error: new PoisonRecord(cutOff.operator, new Error(cutOff.reason)),
          attempts: cutOff.attempts,
        };
  }
}
