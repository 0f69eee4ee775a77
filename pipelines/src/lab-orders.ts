import type { ProcessContext } from '@penstock/pipelines';
import { msOf } from './sample-fields.ts';

const WAITS_MS = 7 * 24 * 3_600_000;

interface FinalResult {
  readonly resultId: string;
  readonly test: string;
  readonly value: number;
  readonly unit: string;
  readonly referenceLow: number;
  readonly referenceHigh: number;
  readonly time: string;
}

interface Result extends FinalResult {
  readonly orderId: string;
  readonly final: boolean;
}

interface Order {
  readonly orderId: string;
  readonly tests: readonly string[];
  readonly time: string;
}

interface OrderState {
  readonly orderId: string;
  readonly tests: readonly string[];
  /** The latest final result of each test. */
  results: FinalResult[];
  notifications: number;
}

export interface PatientState {
  orders: OrderState[];
  /** Final results whose order has not come. */
  waiting: [orderId: string, result: FinalResult][];
}

export interface Notification {
  readonly notificationId: string;
  readonly orderId: string;
  readonly patientId: string;
  readonly amended: boolean;
  readonly results: ReadonlyArray<{ test: string; value: number; unit: string; flag: string }>;
  readonly time: string;
}

export type LabContext = ProcessContext<PatientState, Notification>;

/** Results that nobody waits for any more leave the state with the next record of the patient. */
export function forgetOld({ state, eventTime }: LabContext): void {
  state.waiting = state.waiting.filter(([, { time }]) => msOf(time) + WAITS_MS >= eventTime);
}

export function isWaiting(resultId: string, { waiting }: PatientState): boolean {
  return waiting.some(([, result]) => result.resultId === resultId);
}

export function orderCame({ orderId, tests, time }: Order, context: LabContext): void {
  const { state } = context;
  const order: OrderState = { orderId, tests: [...new Set(tests)], results: [], notifications: 0 };
  state.orders.push(order);
  for (const [id, result] of state.waiting) if (id === orderId) note(order, result);
  state.waiting = state.waiting.filter(([id]) => id !== orderId);
  tell(order, time, context);
}

export function resultCame(result: Result, context: LabContext): void {
  if (!result.final) return;
  const { resultId, orderId, test, value, unit, referenceLow, referenceHigh, time } = result;
  const kept = { resultId, test, value, unit, referenceLow, referenceHigh, time };
  const order = context.state.orders.find((each) => each.orderId === orderId);
  if (order === undefined) {
    context.state.waiting.push([orderId, kept]);
    context.schedule(context.eventTime + WAITS_MS, resultId, { keepRecord: true });
  } else if (note(order, kept)) {
    tell(order, time, context);
  }
}

/** Whether the order asked for it. */
function note(order: OrderState, result: FinalResult): boolean {
  if (!order.tests.includes(result.test)) return false;
  order.results = [...order.results.filter(({ test }) => test !== result.test), result];
  return true;
}

/** Sends the results if all are there, in the order of the tests. */
function tell(order: OrderState, time: string, { emit, key: patientId }: LabContext): void {
  if (order.results.length < order.tests.length) return;
  order.notifications += 1;
  const { orderId, notifications } = order;
  emit({
    notificationId: `${orderId}/${notifications}`,
    orderId,
    patientId,
    amended: notifications > 1,
    results: order.tests.map((test) => flagged(order.results.find((each) => each.test === test))),
    time,
  });
}

function flagged(result: FinalResult | undefined) {
  const { test, value, unit, referenceLow, referenceHigh } = result as FinalResult;
  const flag = value < referenceLow ? 'low' : value > referenceHigh ? 'high' : 'normal';
  return { test, value, unit, flag };
}
