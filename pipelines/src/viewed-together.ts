import type { ProcessContext } from '@penstock/pipelines';

const SESSION_GAP_MS = 30 * 60_000;
const RECOMMENDED_MAX = 3;

/** The running session of a visitor. */
export interface Visit {
  /** When its last event was, ms since epoch; null when there is no session. */
  lastMs: number | null;
  /** Products that were viewed, each once. */
  viewed: string[];
  bought: string[];
}

/** What else was viewed in a session that is over, in which `productId` was viewed. */
export interface Learnt {
  readonly kind: 'learnt';
  readonly productId: string;
  readonly others: readonly string[];
}

/** A visitor views `productId`: what was viewed together with it? */
export interface Ask {
  readonly kind: 'ask';
  readonly productId: string;
  readonly visitorId: string;
  readonly time: string;
  /** Other products that were viewed in the running session. */
  readonly others: readonly string[];
  readonly bought: readonly string[];
}

export interface Recommendation {
  readonly visitorId: string;
  readonly productId: string;
  readonly recommend: readonly string[];
  readonly time: string;
}

/** In how many sessions that are over each other product was viewed together with this one. */
export type CoViews = [productId: string, sessions: number][];

type VisitContext = ProcessContext<Visit, Ask | Learnt>;

interface ShopEvent {
  readonly visitorId: string;
  readonly productId: string;
  readonly action: 'view' | 'cart' | 'purchase';
  readonly time: string;
}

/** Any event makes the session longer; a gap of exactly 30 minutes does not end it. */
export function noteEvent(event: ShopEvent, context: VisitContext): void {
  const { state, eventTime } = context;
  const { productId, visitorId, action, time } = event;
  if (state.lastMs === null) context.schedule(eventTime + SESSION_GAP_MS);
  state.lastMs = eventTime;
  if (action === 'purchase' && !state.bought.includes(productId)) state.bought.push(productId);
  if (action !== 'view') return;
  if (!state.viewed.includes(productId)) state.viewed.push(productId);
  const others = state.viewed.filter((id) => id !== productId);
  context.emit({ kind: 'ask', productId, visitorId, time, others, bought: [...state.bought] });
}

/**
 * The timer comes behind the events of its time, so that none has come for the whole gap. What it
 * emits comes behind the views of other visitors at that time, too: it bears the pipeline's name
 * in place of a topic's, and `shop-events` comes before `shop-personalisation`.
 */
export function sessionOver(context: VisitContext): void {
  const { state, eventTime } = context;
  const { lastMs, viewed } = state;
  const endsAt = (lastMs as number) + SESSION_GAP_MS;
  if (eventTime < endsAt) return context.schedule(endsAt);
  for (const productId of viewed) {
    const others = viewed.filter((id) => id !== productId);
    if (others.length > 0) context.emit({ kind: 'learnt', productId, others });
  }
  context.state = { lastMs: null, viewed: [], bought: [] };
}

export function noteLearnt(
  { others }: Learnt,
  { state }: ProcessContext<CoViews, Recommendation>,
): void {
  for (const id of others) {
    const known = state.find(([other]) => other === id);
    if (known === undefined) state.push([id, 1]);
    else known[1] += 1;
  }
}

/** The products of most sessions, the running one included; ties by their ids. */
export function recommended(ask: Ask, together: CoViews): Recommendation {
  const { visitorId, productId, others, bought, time } = ask;
  const sessions = new Map(together);
  for (const id of others) sessions.set(id, (sessions.get(id) ?? 0) + 1);
  const recommend = [...sessions]
    .filter(([id]) => !bought.includes(id))
    .sort(([one, many], [other, more]) => more - many || (one < other ? -1 : 1))
    .slice(0, RECOMMENDED_MAX)
    .map(([id]) => id);
  return { visitorId, productId, recommend, time };
}
