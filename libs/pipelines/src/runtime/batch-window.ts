/** Time bounds of a window, ms since epoch: records of [from, to); null is open. */
export interface TimeBounds {
  readonly from: number | null;
  readonly to: number | null;
}
