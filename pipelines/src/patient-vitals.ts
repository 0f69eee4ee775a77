import { pipeline, type ProcessContext, z } from '@penstock/pipelines';
import { type Level, levelOf, type Points, pointsOf, scoreOf } from './news2-score.ts';
import { eventTime, Id, LATENESS, msOf, Time, Whole } from './sample-fields.ts';

const ACKNOWLEDGED_WITHIN_MS = 5 * 60_000;
const READINGS_KEPT_MS = 24 * 3_600_000;
/** Of the time in an alert's identity, and the stroke before it. */
const TIME_LENGTH = 25;

const VitalSigns = z.looseObject({
  patientId: Id,
  respirationRate: Whole,
  spo2: Whole,
  oxygen: z.boolean(),
  systolic: Whole,
  pulse: Whole,
  consciousness: z.enum(['A', 'C', 'V', 'P', 'U']),
  temperatureC: z.number(),
  time: Time,
});

type Signs = z.infer<typeof VitalSigns>;

const Acknowledgement = z.looseObject({ alertId: Id, by: z.string(), time: Time });

type PatientAlert = Readonly<Record<'alertId' | 'patientId' | 'time', string>> &
  Readonly<{ level: Level; score: number; parameters: Points; escalated: boolean }>;

interface PatientState {
  /** Levels of the readings that were in order, by time; equal ones in succession as the first. */
  levels: [ms: number, level: Level][];
  /** Alerts that wait for an acknowledgement, by identity. */
  open: [alertId: string, alert: PatientAlert][];
  /** Identities that were acknowledged, while their time is not over. */
  acknowledged: string[];
}

type Context = ProcessContext<PatientState, PatientAlert>;

const plan = pipeline('patient-vitals', {
  description: 'Scores vital signs by NEWS2, alerts when the level changes, and escalates.',
  partitions: 3,
});

const measurements = plan
  .from('vital-signs', { schema: VitalSigns, eventTime, lateness: LATENESS })
  .map((signs) => ({ patientId: signs.patientId, time: signs.time, signs, alertId: null }));

const acknowledgements = plan
  .from('alert-acknowledgements', { schema: Acknowledgement, eventTime, lateness: LATENESS })
  .map(({ alertId, time }) => ({
    patientId: alertId.slice(0, -TIME_LENGTH),
    time,
    signs: null,
    alertId,
  }));

/**
 * An alert at each change of a patient's level, which is low at first. A high one that nobody has
 * acknowledged after five minutes is written once more. A late reading is compared with the newest
 * one in order that is not after it, and changes nothing else; a late acknowledgement counts while
 * the five minutes are not over by what its own log has brought.
 */
export const patientVitals = measurements
  .merge(acknowledgements)
  .keyBy('patient', ({ patientId }) => patientId)
  .process('level', {
    state: (): PatientState => ({ levels: [], open: [], acknowledged: [] }),
    late: 'apply',
    onRecord: ({ signs, alertId }, context: Context) =>
      signs === null ? acknowledge(alertId, context) : compare(signs, context),
    onTimer: (alertId: string, context: Context) => {
      const { state } = context;
      const alert = state.open.find(([id]) => id === alertId)?.[1];
      if (alert !== undefined) context.emit({ ...alert, escalated: true });
      state.open = state.open.filter(([id]) => id !== alertId);
      state.acknowledged = state.acknowledged.filter((id) => id !== alertId);
    },
  })
  .to('patient-alerts', {
    id: ({ alertId, escalated }) => (escalated ? `${alertId}/escalated` : alertId),
  });

function compare(signs: Signs, { state, late, emit, schedule }: Context): void {
  const { patientId, time } = signs;
  const ms = msOf(time);
  const points = pointsOf(signs);
  const level = levelOf(points);
  const before = state.levels.findLast(([at]) => at <= ms)?.[1] ?? 'low';
  if (level === before) return;
  const alertId = `${patientId}/${time}`;
  const score = scoreOf(points);
  const alert = { alertId, patientId, level, score, parameters: points, escalated: false, time };
  emit(alert);
  if (late) return;
  const kept = state.levels.filter(([at]) => at > ms - READINGS_KEPT_MS);
  // The last one before what is kept says how it was at its beginning.
  const first = state.levels.slice(0, state.levels.length - kept.length).slice(-1);
  state.levels = [...first, ...kept, [ms, level] as [number, Level]].sort(
    ([one], [other]) => one - other,
  );
  if (level !== 'high' || state.acknowledged.includes(alertId)) return;
  state.open.push([alertId, alert]);
  schedule(ms + ACKNOWLEDGED_WITHIN_MS, alertId);
}

/** One that names no alert of this kind of identity acknowledges nothing. */
function acknowledge(alertId: string, { state, now, schedule }: Context): void {
  const endsAt = Date.parse(alertId.slice(1 - TIME_LENGTH)) + ACKNOWLEDGED_WITHIN_MS;
  if (!(now() <= endsAt)) return;
  state.open = state.open.filter(([id]) => id !== alertId);
  // It may come before its alert.
  if (!state.acknowledged.includes(alertId)) state.acknowledged.push(alertId);
  schedule(endsAt, alertId);
}
