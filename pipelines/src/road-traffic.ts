import { endsIn, hopping, pipeline, table, z } from '@penstock/pipelines';
import { dividedBy, fraction, kept, plus, revived, rounded } from './exact-number.ts';
import { eventTime, Id, LATENESS, msOf, Time } from './sample-fields.ts';
import { due, type JamContext, type JamTimer, measured, type Traffic } from './traffic-jams.ts';

const Position = z.looseObject({ vehicleId: Id, segmentId: Id, speedKmh: z.number(), time: Time });

const Segment = z.looseObject({
  segmentId: Id,
  name: z.string(),
  limitKmh: z.number(),
  lengthM: z.number(),
  alternatives: z.array(Id),
});

const segments = table('road-segments', { schema: Segment, key: ({ segmentId }) => segmentId });

const windows = pipeline('road-traffic', {
  description: 'Measures the speed on each road segment; tells of jams, and the way around them.',
  partitions: 3,
})
  .from('vehicle-positions', { schema: Position, eventTime, lateness: LATENESS })
  .keyBy('segment', ({ segmentId }) => segmentId)
  .window(hopping('5m', { every: '1m' }), { late: 'deadLetter' })
  .aggregate({
    label: 'vehicles and mean speed',
    init: () => ({ vehicles: [] as string[], positions: 0, sum: kept(fraction(0)) }),
    add: ({ vehicles, positions, sum }, { vehicleId, speedKmh }) => ({
      vehicles: vehicles.includes(vehicleId) ? vehicles : [...vehicles, vehicleId],
      positions: positions + 1,
      sum: kept(plus(revived(sum), fraction(speedKmh))),
    }),
    result: (segmentId, { vehicles, positions, sum }) => ({
      segmentId,
      vehicles: vehicles.length,
      mean: kept(dividedBy(revived(sum), fraction(positions))),
    }),
  });

/** The mean is shown to one decimal, and compared as it is. */
const speeds = windows.map('to one decimal', (window) => {
  const { segmentId, windowStart, windowEnd, vehicles, mean } = window;
  return { segmentId, windowStart, windowEnd, vehicles, meanKmh: rounded(revived(mean), 1) };
});

/**
 * A jam begins with two slow windows one after the other, and ends with a fast one or with ten
 * minutes without any. All windows that end at a time are judged together, because the way around a
 * jam may be any other segment. A segment without a row of the table has speeds only.
 */
const jams = windows
  .map('measured', ({ segmentId, windowEnd, vehicles, mean }) => ({
    segmentId,
    end: msOf(windowEnd),
    vehicles,
    meanKmh: mean,
  }))
  .keyBy('all segments', () => 'all')
  .process('jams', {
    state: (): Traffic => [],
    tables: [segments],
    onRecord: (window, context: JamContext) => measured(window, context),
    onTimer: (timer: JamTimer, context: JamContext) => due(timer, context, segments),
  })
  .keyBy('segment', ({ segmentId }) => segmentId);

export const roadTraffic = endsIn(
  speeds.to('segment-speeds'),
  jams.to('traffic-jams', { id: ({ jamId, state }) => `${jamId}/${state}` }),
);
