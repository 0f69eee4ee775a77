import type { TestRecord } from '@penstock/pipelines';
import { at, drawing, MINUTE, SECOND } from './sample-specs/sample-run.ts';

const HALF_AN_HOUR = 30 * MINUTE;

/** Records for `npm run sim`: visitors who come back, some events twice; one product has no row. */
export function records(): TestRecord[] {
  const draw = drawing(5);
  const rows = ['a', 'b', 'c', 'd'].map((productId) => ({
    topic: 'products',
    key: productId,
    value: { productId, name: productId, basePriceCents: 999, expectedDemandPerMinute: 0.2 },
  }));
  let ms = 0;
  const events = Array.from({ length: 250 }, (_, index) => {
    ms += draw(12) === 0 ? HALF_AN_HOUR : draw(3) * 20 * SECOND;
    const visitorId = `v${draw(4)}`;
    const value = {
      eventId: `e${draw(12) === 0 ? Math.max(0, index - 1) : index}`,
      visitorId,
      productId: 'abcde'[draw(5)],
      action: ['view', 'view', 'cart', 'purchase'][draw(4)],
      time: at(ms),
    };
    return { topic: 'shop-events', key: visitorId, value };
  });
  return [...rows, ...events];
}
