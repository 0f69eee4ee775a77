import { compare, fraction, plus, rounded, times } from './exact-number.ts';

const MINUTES = 10;
const LEAST = fraction(0.8);
const MOST = fraction(1.3);

/**
 * The price of a product for its demand in ten minutes, in cents: 2 % more or less for each unit
 * above or below what is expected, from 80 % to 130 % of its base price.
 */
export function dynamicPrice(
  product: { readonly basePriceCents: number; readonly expectedDemandPerMinute: number },
  demand: number,
): number {
  const expected = times(fraction(MINUTES), fraction(product.expectedDemandPerMinute));
  const above = plus(fraction(demand), times(fraction(-1), expected));
  const factor = plus(fraction(1), times(fraction(0.02), above));
  const within = compare(factor, LEAST) < 0 ? LEAST : compare(factor, MOST) > 0 ? MOST : factor;
  return rounded(times(fraction(product.basePriceCents), within));
}
