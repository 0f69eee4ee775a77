/**
 * A fraction of whole numbers. Money, means and scores are computed with it and rounded once, so
 * that no figure depends on how binary numbers round on the way.
 */
export interface Fraction {
  readonly over: bigint;
  /** Above 0. */
  readonly under: bigint;
}

/** The exact value of a number as JSON writes it: 38.05 is 3805/100. */
export function fraction(value: number | bigint): Fraction {
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) {
    return { over: BigInt(value), under: 1n };
  }
  const [digits = '', exponent = '0'] = String(value).split('e');
  const [whole = '', decimals = ''] = digits.split('.');
  const shift = Number(exponent) - decimals.length;
  const over = BigInt(whole + decimals);
  return shift < 0
    ? { over, under: 10n ** BigInt(-shift) }
    : { over: over * 10n ** BigInt(shift), under: 1n };
}

export function plus(one: Fraction, other: Fraction): Fraction {
  // Sums of many numbers would get ever longer otherwise.
  if (one.under % other.under === 0n) {
    return { over: one.over + other.over * (one.under / other.under), under: one.under };
  }
  if (other.under % one.under === 0n) return plus(other, one);
  return { over: one.over * other.under + other.over * one.under, under: one.under * other.under };
}

export function times(one: Fraction, other: Fraction): Fraction {
  return { over: one.over * other.over, under: one.under * other.under };
}

/** @throws RangeError when the other is 0 */
export function dividedBy(one: Fraction, other: Fraction): Fraction {
  if (other.over === 0n) throw new RangeError('division by zero');
  return other.over < 0n
    ? { over: -one.over * other.under, under: -one.under * other.over }
    : { over: one.over * other.under, under: one.under * other.over };
}

/** Below 0, 0 or above 0, as the first is less than, equal to or greater than the other. */
export function compare(one: Fraction, other: Fraction): number {
  const difference = one.over * other.under - other.over * one.under;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Rounded to a number of decimals; a half goes up, towards +∞. */
export function rounded({ over, under }: Fraction, decimals = 0): number {
  const whole = roundedWhole({ over: over * 10n ** BigInt(decimals), under });
  return decimals === 0 ? Number(whole) : Number(`${whole}e-${decimals}`);
}

/** Rounded to a whole number of any size; a half goes up, towards +∞. */
export function roundedWhole({ over, under }: Fraction): bigint {
  const twice = 2n * over + under;
  return twice / (2n * under) - (twice < 0n && twice % (2n * under) !== 0n ? 1n : 0n);
}

/** A whole number as JSON keeps it: as text when it is too large for a number to be exact. */
export type KeptWhole = number | string;

export function added(sum: KeptWhole, more: KeptWhole | bigint): KeptWhole {
  const exact = BigInt(sum) + BigInt(more);
  return Number.isSafeInteger(Number(exact)) ? Number(exact) : String(exact);
}

/** A fraction as JSON keeps it. */
export type Kept = readonly [over: string, under: string];

export function kept({ over, under }: Fraction): Kept {
  return [String(over), String(under)];
}

export function revived([over, under]: Kept): Fraction {
  return { over: BigInt(over), under: BigInt(under) };
}
