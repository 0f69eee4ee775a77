/** A stretch of time in which something was done, ms since epoch. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** A stretch of the axis: work to scale, or an idle span that is cut short. */
export interface AxisPart extends Stretch {
  readonly isCut: boolean;
  /** Where it is drawn, as shares of the axis. */
  readonly start: number;
  readonly end: number;
}

/** Idle spans that are longer than this are cut out. */
const CUT_MIN_MS = 10 * 60_000;
const CUT_SHARE = 0.06;

/** An axis over stretches of work, in order, with the long idle spans between them cut short. */
export function axisOf(stretches: readonly Stretch[]): AxisPart[] {
  const parts: { from: number; to: number; isCut: boolean }[] = [];
  for (const { from, to } of stretches) {
    const last = parts.at(-1);
    if (last === undefined) {
      parts.push({ from, to, isCut: false });
    } else if (from - last.to > CUT_MIN_MS) {
      parts.push({ from: last.to, to: from, isCut: true }, { from, to, isCut: false });
    } else {
      last.to = Math.max(last.to, to);
    }
  }
  const cuts = parts.filter(({ isCut }) => isCut).length;
  const worked = parts.reduce((sum, part) => sum + (part.isCut ? 0 : part.to - part.from), 0);
  const room = Math.max(0.2, 1 - cuts * CUT_SHARE);
  const cutShare = cuts === 0 ? 0 : (1 - room) / cuts;
  let at = 0;
  return parts.map((part) => {
    const share = part.isCut
      ? cutShare
      : room * ((part.to - part.from + 1) / (worked + parts.length - cuts));
    const start = at;
    at += share;
    return { ...part, start, end: Math.min(1, at) };
  });
}

/** Where a moment is on an axis, 0 to 1. */
export function placeOn(axis: readonly AxisPart[], at: number): number {
  const part = axis.find(({ to }) => at <= to) ?? axis.at(-1);
  if (part === undefined) return 0;
  const share = Math.min(1, Math.max(0, (at - part.from) / Math.max(1, part.to - part.from)));
  return part.start + share * (part.end - part.start);
}
