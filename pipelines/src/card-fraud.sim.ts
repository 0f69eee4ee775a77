import type { TestRecord } from '@penstock/pipelines';
import { at, drawing, HOUR, SECOND } from './sample-specs/sample-run.ts';

const CARDS = ['c0', 'c1', 'c2', 'without a row'];

/** Records for `npm run sim`: bursts of payments at the limits of the rules, some of them twice. */
export function records(): TestRecord[] {
  const draw = drawing(1);
  const rows = CARDS.slice(0, 3).map((cardId) => ({
    topic: 'cards',
    key: cardId,
    value: {
      cardId,
      holder: cardId,
      homeCountry: 'DE',
      dailyLimitCents: 50_000,
      typicalAmountCents: 1_000,
    },
  }));
  let ms = 0;
  const payments = Array.from({ length: 300 }, (_, index) => {
    ms += draw(30) === 0 ? HOUR : draw(8) * SECOND;
    const cardId = CARDS[draw(CARDS.length)]!;
    const value = {
      paymentId: `p${draw(12) === 0 ? Math.max(0, index - 1) : index}`,
      cardId,
      amountCents: [500, 10_000, 10_001, 20_000, 100_000][draw(5)],
      currency: 'EUR',
      merchantId: 'm',
      merchantCategory: 'food',
      country: ['DE', 'DE', 'DE', 'FR'][draw(4)],
      channel: ['pos', 'online', 'atm'][draw(3)],
      time: at(ms),
    };
    return { topic: 'card-payments', key: cardId, value };
  });
  return [...rows, ...payments];
}
