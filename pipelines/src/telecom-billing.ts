import { pipeline, type ProcessContext, table, z } from '@penstock/pipelines';
import { type Invoice, invoiceOf, KINDS, type MonthOfCalls, noteCall } from './invoice.ts';
import { monthAt } from './months.ts';
import { Id, LATENESS, msOf, Time, Whole } from './sample-fields.ts';

const Call = z.looseObject({
  callId: Id,
  subscriberId: Id,
  called: z.string(),
  startedAt: Time,
  seconds: Whole.nonnegative(),
  kind: z.enum(KINDS),
  time: Time,
});

const Subscriber = z.looseObject({
  subscriberId: Id,
  name: z.string(),
  plan: z.enum(['basic', 'flat']),
});

const subscribers = table('subscribers', {
  schema: Subscriber,
  key: ({ subscriberId }) => subscriberId,
});

/** A subscriber's calls of the month that is closed next. */
type Open = MonthOfCalls;

/** All subscribers' calls of the months that are closed but not billed. */
interface Billing {
  /** End of the next month to bill, ms since epoch; null before the first call. */
  next: number | null;
  calls: [subscriberId: string, calls: MonthOfCalls][];
}

type CallTimer = { readonly kind: (typeof KINDS)[number]; readonly seconds: number } | null;

/**
 * An invoice for each subscriber and month, from the month of the first call on. A call counts in
 * its month while that is open by its own log, however late; then it is put aside. A call counts
 * once, of whatever subscriber. At the close, the calls of somebody who is no subscriber are given
 * up, each as it came.
 */
export const telecomBilling = pipeline('telecom-billing', {
  description: 'Bills each subscriber for the calls of a month.',
  schedule: { cron: '0 3 1 * *', timeZone: 'Europe/Berlin' },
  partitions: 3,
})
  .from('call-records', {
    schema: Call,
    eventTime: ({ startedAt }) => msOf(startedAt),
    lateness: LATENESS,
  })
  .keyBy('call', ({ callId }) => callId)
  .dedupe({ by: ({ callId }) => callId, within: '35d' })
  .keyBy('subscriber', ({ subscriberId }) => subscriberId)
  .process('calls of the month', {
    state: (): Open => ({}),
    tables: [subscribers],
    late: 'apply',
    onRecord: ({ kind, seconds, startedAt }, { now, schedule, tooLate }) => {
      const { end } = monthAt(msOf(startedAt));
      if (end <= now()) return tooLate();
      schedule(end, { kind, seconds } satisfies CallTimer, { keepRecord: true });
      schedule(end + 1);
    },
    onTimer: (call: CallTimer, context: ProcessContext<Open, MonthRow>) => {
      const { key, state, emit } = context;
      if (call !== null) {
        const subscriber = context.table(subscribers).get(key);
        if (subscriber === undefined) throw new Error('unknown subscriber');
        noteCall(state, call);
      } else {
        emit({ subscriberId: key, end: context.eventTime - 1, calls: { ...state } });
        context.state = {};
      }
    },
  })
  .keyBy('all subscribers', () => 'all')
  .process('invoices', {
    state: (): Billing => ({ next: null, calls: [] }),
    tables: [subscribers],
    onRecord: ({ subscriberId, end, calls }: MonthRow, { state, schedule }) => {
      state.calls.push([subscriberId, calls]);
      if (state.next !== null) return;
      state.next = end;
      schedule(end + 1, end);
    },
    onTimer: (end: number, context: ProcessContext<Billing, Invoice>) => {
      const { state, emit, schedule } = context;
      const calls = new Map(state.calls);
      const { name: month } = monthAt(end - 1);
      for (const [, subscriber] of context.table(subscribers).entries()) {
        emit(invoiceOf(subscriber, month, calls.get(subscriber.subscriberId) ?? {}));
      }
      state.calls = [];
      state.next = monthAt(end).end;
      schedule(state.next + 1, state.next);
    },
  })
  .keyBy('subscriber', ({ subscriberId }) => subscriberId)
  .to('invoices', { id: ({ invoiceId }) => invoiceId })
  .toCsv('invoices.csv', [
    'invoiceId',
    'subscriberId',
    'month',
    'lines',
    'freeMinutes',
    'netCents',
    'vatCents',
    'totalCents',
  ]);

interface MonthRow {
  readonly subscriberId: string;
  /** End of the month, ms since epoch. */
  readonly end: number;
  readonly calls: MonthOfCalls;
}
