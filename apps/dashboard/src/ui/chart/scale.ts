/** Geometry of axes and labels; pure, units as named. */

export interface NiceScale {
  max: number;
  step: number;
}

/** Rounds a maximum up so that three to five lines divide it evenly. */
export function niceScale(max: number): NiceScale {
  if (!(max > 0)) return { max: 4, step: 1 };
  const rough = max / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 2.5, 5, 10].find((candidate) => candidate * power >= rough * 0.999) ?? 10;
  const step = factor * power;
  return { max: Math.max(step * Math.ceil((max * 1.0001) / step), step * 2), step };
}

const shrinkAfterMs = 10_000;

/** An axis that grows at once and shrinks only after 10 s, so that it does not flicker. */
export class SteadyScale {
  #scale: NiceScale = { max: 0, step: 1 };
  #smallerSince: number | null = null;

  get current(): NiceScale {
    return this.#scale;
  }

  next(max: number, nowMs: number): NiceScale {
    const wanted = niceScale(max);
    if (wanted.max >= this.#scale.max) {
      this.#scale = wanted;
      this.#smallerSince = null;
    } else if (this.#smallerSince === null) {
      this.#smallerSince = nowMs;
    } else if (nowMs - this.#smallerSince >= shrinkAfterMs) {
      this.#scale = wanted;
      this.#smallerSince = null;
    }
    return this.#scale;
  }
}

const timeSteps = [
  15, 30, 60, 120, 240, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400, 172_800,
];

/** Round times for about `count` labels between two times, all in seconds. */
export function timeSplits(from: number, to: number, count: number): number[] {
  const step = timeSteps.find((candidate) => (to - from) / candidate <= count) ?? 604_800;
  const splits: number[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) splits.push(at);
  return splits;
}

/**
 * Moves labels apart to at least `gap` pixels and keeps them between `low` and `high`; the order
 * and, where there is room, the positions stay.
 */
export function spreadLabels(
  wanted: readonly number[],
  gap: number,
  low: number,
  high: number,
): number[] {
  const order = wanted.map((_, index) => index).sort((a, b) => wanted[a]! - wanted[b]!);
  const placed = [...wanted];
  let floor = low;
  for (const index of order) {
    placed[index] = Math.max(placed[index]!, floor);
    floor = placed[index]! + gap;
  }
  let ceiling = high;
  for (const index of order.toReversed()) {
    placed[index] = Math.min(placed[index]!, ceiling);
    ceiling = placed[index]! - gap;
  }
  return placed;
}
