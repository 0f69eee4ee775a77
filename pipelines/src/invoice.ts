import { added, fraction, type KeptWhole, roundedWhole, times } from './exact-number.ts';

/** Kinds of calls, in the order of an invoice's lines. */
export const KINDS = ['national', 'mobile', 'international', 'premium'] as const;
type Kind = (typeof KINDS)[number];

const CENTS_PER_MINUTE = { national: 5, mobile: 12, international: 35, premium: 120 };
const PLANS = {
  basic: { feeCents: 999, freeMinutes: 100, flat: [] as readonly Kind[] },
  flat: { feeCents: 2999, freeMinutes: 0, flat: ['national', 'mobile'] as readonly Kind[] },
};
const VAT = fraction(0.19);

/** Calls and started minutes of each kind. */
export type MonthOfCalls = Partial<Record<Kind, { calls: number; minutes: KeptWhole }>>;

export interface Invoice {
  readonly invoiceId: string;
  readonly subscriberId: string;
  readonly month: string;
  readonly lines: ReadonlyArray<{ kind: Kind; calls: number; minutes: number; cents: number }>;
  readonly freeMinutes: number;
  readonly netCents: number;
  readonly vatCents: number;
  readonly totalCents: number;
}

/** Each started minute counts: 61 seconds are two minutes, none is a call of no minute. */
export function noteCall(
  month: MonthOfCalls,
  { kind, seconds }: { readonly kind: Kind; readonly seconds: number },
): void {
  const { calls, minutes } = month[kind] ?? { calls: 0, minutes: 0 };
  const started = (BigInt(seconds) + 59n) / 60n;
  month[kind] = { calls: calls + 1, minutes: added(minutes, started) };
}

/**
 * All minutes of a kind cost the same, so that it does not matter which of the national ones are
 * free. The fee is in the net sum only.
 */
export function invoiceOf(
  { subscriberId, plan }: { readonly subscriberId: string; readonly plan: keyof typeof PLANS },
  month: string,
  calls: MonthOfCalls,
): Invoice {
  const { feeCents, freeMinutes: free, flat } = PLANS[plan];
  const freeMinutes = Math.min(free, Number(calls.national?.minutes ?? 0));
  const lines = KINDS.flatMap((kind) => {
    const made = calls[kind];
    if (made === undefined) return [];
    const paid = BigInt(made.minutes) - BigInt(kind === 'national' ? freeMinutes : 0);
    const cents = flat.includes(kind) ? 0n : paid * BigInt(CENTS_PER_MINUTE[kind]);
    return [{ kind, ...made, cents }];
  });
  const net = lines.reduce((sum, { cents }) => sum + cents, BigInt(feeCents));
  const vat = roundedWhole(times(fraction(net), VAT));
  return {
    invoiceId: `${subscriberId}/${month}`,
    subscriberId,
    month,
    lines: lines.map(({ kind, calls: made, minutes, cents }) => {
      return { kind, calls: made, minutes: Number(minutes), cents: Number(cents) };
    }),
    freeMinutes,
    netCents: Number(net),
    vatCents: Number(vat),
    totalCents: Number(net + vat),
  };
}
