import { added, type KeptWhole } from './exact-number.ts';

/** What a store has sold on a day. */
interface StoreDay {
  readonly units: KeptWhole;
  readonly revenueCents: KeptWhole;
  readonly returnsCents: KeptWhole;
  readonly unitsOf: ReadonlyArray<readonly [productId: string, units: KeptWhole]>;
}

interface Sale {
  readonly productId: string;
  readonly quantity: number;
  readonly unitPriceCents: number;
  readonly kind: 'sale' | 'return';
}

export const STORE_DAY_COLUMNS = [
  'storeId',
  'day',
  'units',
  'revenueCents',
  'returnsCents',
  'topProductId',
] as const;

export function newDay(): StoreDay {
  return { units: 0, revenueCents: 0, returnsCents: 0, unitsOf: [] };
}

/** Returns are summed apart, as positive cents. */
export function addSale(
  day: StoreDay,
  { productId, quantity, unitPriceCents, kind }: Sale,
): StoreDay {
  const cents = BigInt(quantity) * BigInt(unitPriceCents);
  if (kind === 'return') return { ...day, returnsCents: added(day.returnsCents, cents) };
  const others = day.unitsOf.filter(([id]) => id !== productId);
  const before = day.unitsOf.find(([id]) => id === productId)?.[1] ?? 0;
  return {
    ...day,
    units: added(day.units, quantity),
    revenueCents: added(day.revenueCents, cents),
    unitsOf: [...others, [productId, added(before, quantity)]],
  };
}

export function dayRow(_: string, { unitsOf, units, revenueCents, returnsCents }: StoreDay) {
  return {
    units: Number(units),
    revenueCents: Number(revenueCents),
    returnsCents: Number(returnsCents),
    topProductId: topOf(unitsOf),
  };
}

/** The product of most units; of several the one with the smallest id; null without a sale. */
function topOf(unitsOf: StoreDay['unitsOf']): string | null {
  const [top] = unitsOf.toSorted(
    ([one, many], [other, more]) => Number(BigInt(more) - BigInt(many)) || (one < other ? -1 : 1),
  );
  return top?.[0] ?? null;
}
