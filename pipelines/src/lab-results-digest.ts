import { pipeline, z } from '@penstock/pipelines';
import {
  forgetOld,
  isWaiting,
  type LabContext,
  orderCame,
  type PatientState,
  resultCame,
} from './lab-orders.ts';
import { eventTime, Id, LATENESS, Time } from './sample-fields.ts';

const Order = z.looseObject({
  orderId: Id,
  patientId: Id,
  tests: z.array(z.string()).nonempty(),
  time: Time,
});

const Result = z.looseObject({
  resultId: Id,
  orderId: Id,
  patientId: Id,
  test: z.string(),
  value: z.number(),
  unit: z.string(),
  referenceLow: z.number(),
  referenceHigh: z.number(),
  final: z.boolean(),
  time: Time,
});
const plan = pipeline('lab-results-digest', {
  description: 'Tells patients their results when all tests of an order are final.',
  schedule: { cron: '0 * * * *', timeZone: 'UTC' },
  partitions: 3,
});

const orders = plan
  .from('lab-orders', { schema: Order, eventTime, lateness: LATENESS })
  .map('order', (order) => ({ patientId: order.patientId, id: `order/${order.orderId}`, order }));

const results = plan
  .from('lab-results', { schema: Result, eventTime, lateness: LATENESS })
  .map('result', (result) => {
    return { patientId: result.patientId, id: `result/${result.resultId}`, order: null, result };
  });

/**
 * Orders wait as long as it takes; their final results are kept, because each later one sends the
 * whole list again. A final result without its order waits seven days, then it is given up. Orders
 * and results count once, of whatever patient.
 */
export const labResultsDigest = orders
  .merge(results)
  .keyBy('order or result', ({ id }) => id)
  .dedupe({ by: ({ id }) => id, within: '35d' })
  .keyBy('patient', ({ patientId }) => patientId)
  .process('orders and results', {
    state: (): PatientState => ({ orders: [], waiting: [] }),
    late: 'deadLetter',
    onRecord: (came, context: LabContext) => {
      forgetOld(context);
      if (came.order === null) resultCame(came.result, context);
      else orderCame(came.order, context);
    },
    onTimer: (resultId: string, { state }: LabContext) => {
      if (isWaiting(resultId, state)) throw new Error('unknown order');
    },
  })
  .to('patient-notifications', { id: ({ notificationId }) => notificationId })
  .toCsv('patient-notifications.csv', [
    'notificationId',
    'orderId',
    'patientId',
    'amended',
    'results',
    'time',
  ]);
