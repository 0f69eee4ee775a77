import { pipeline, type ProcessContext, table, z } from '@penstock/pipelines';
import { eventTime, Id, LATENESS, msOf, Time, timeOf, Whole } from './sample-fields.ts';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const LARGE_WITHDRAWAL_CENTS = 100_000;
const VELOCITY = { payments: 6, withinMs: 60 * SECOND };
const TRAVEL_MS = 2 * HOUR;
const UNUSUAL_TIMES = 10;

const Payment = z.looseObject({
  paymentId: Id,
  cardId: Id,
  amountCents: Whole,
  currency: z.string(),
  merchantId: Id,
  merchantCategory: z.string(),
  country: z.string(),
  channel: z.enum(['pos', 'online', 'atm']),
  time: Time,
});
type Payment = z.infer<typeof Payment>;

const Card = z.looseObject({
  cardId: Id,
  holder: z.string(),
  homeCountry: z.string(),
  dailyLimitCents: Whole,
  typicalAmountCents: Whole,
});
type Card = z.infer<typeof Card>;

const cards = table('cards', { schema: Card, key: ({ cardId }) => cardId });

/** What is kept of a card: no more than its rules look back to. */
interface CardHistory {
  /** Times of its payments within the last minute, ms since epoch. */
  recent: number[];
  /** Its withdrawals of the UTC day; the sum as text, as it may be too large for a number. */
  withdrawn: { day: string; cents: string };
  /** Its last payment in a place. */
  seen: { country: string; ms: number } | null;
}

type FraudAlert = Pick<Payment, 'cardId' | 'paymentId' | 'amountCents' | 'time'> &
  Readonly<Record<'alertId' | 'rule' | 'detail', string>>;

type Finding = readonly [rule: string, detail: string];

/**
 * Judges each payment of a card in the order of event time, by what the card did before. Payments
 * with the same `paymentId` count once, of whatever card they are; a late one is put aside. Rules
 * that need the card's row are passed over while it has none.
 */
export const cardFraud = pipeline('card-fraud', {
  description: 'Raises an alert for each payment that breaks a rule of fraud.',
  partitions: 3,
})
  .from('card-payments', { schema: Payment, eventTime, lateness: LATENESS })
  .keyBy('payment', ({ paymentId }) => paymentId)
  .dedupe({ by: ({ paymentId }) => paymentId, within: '24h' })
  .keyBy('card', ({ cardId }) => cardId)
  .process('rules', {
    state: (): CardHistory => ({ recent: [], withdrawn: { day: '', cents: '0' }, seen: null }),
    tables: [cards],
    late: 'deadLetter',
    onRecord: (payment, context: ProcessContext<CardHistory, FraudAlert>) => {
      const card = context.table(cards).get(payment.cardId);
      for (const [rule, detail] of judge(payment, card, context.state)) {
        const { cardId, paymentId, amountCents, time } = payment;
        const alertId = `${paymentId}/${rule}`;
        context.emit({ alertId, rule, cardId, paymentId, amountCents, detail, time });
      }
    },
  })
  .to('fraud-alerts', { id: ({ alertId }) => alertId });

/** The rules that a payment breaks. It becomes part of the history. */
function judge(payment: Payment, card: Card | undefined, history: CardHistory): Finding[] {
  const { amountCents, channel, country } = payment;
  const ms = msOf(payment.time);
  const findings: Finding[] = [];
  if (channel === 'atm') {
    const withdrawn = withdraw(history, ms, amountCents);
    if (amountCents >= LARGE_WITHDRAWAL_CENTS) {
      findings.push(['large-withdrawal', `${amountCents} cents at once`]);
    } else if (card !== undefined && withdrawn > card.dailyLimitCents) {
      const limit = `the limit is ${card.dailyLimitCents}`;
      findings.push(['large-withdrawal', `${withdrawn} cents on this day, ${limit}`]);
    }
  }
  history.recent = [...history.recent.filter((at) => at > ms - VELOCITY.withinMs), ms];
  if (history.recent.length >= VELOCITY.payments) {
    findings.push(['velocity', `${history.recent.length} payments within a minute`]);
  }
  if (channel !== 'online') {
    const { seen } = history;
    if (seen !== null && seen.country !== country && ms - seen.ms < TRAVEL_MS) {
      const minutes = Math.floor((ms - seen.ms) / 60 / SECOND);
      findings.push(['impossible-travel', `${seen.country} to ${country} in ${minutes} minutes`]);
    }
    history.seen = { country, ms };
  }
  if (card !== undefined && amountCents > UNUSUAL_TIMES * card.typicalAmountCents) {
    findings.push(['unusual-amount', `${card.typicalAmountCents} cents are typical of the card`]);
  }
  return findings;
}

/** Adds a withdrawal; returns what was withdrawn on its UTC day, in cents. */
function withdraw(history: CardHistory, ms: number, cents: number): bigint {
  const day = timeOf(ms).slice(0, 10);
  const before = history.withdrawn.day === day ? BigInt(history.withdrawn.cents) : 0n;
  const sum = before + BigInt(cents);
  history.withdrawn = { day, cents: String(sum) };
  return sum;
}
