import { endsIn, pipeline, type ProcessContext, table, z } from '@penstock/pipelines';
import { eventTime, Id, LATENESS, msOf, Time, timeOf } from './sample-fields.ts';

const READINGS_IN_SUCCESSION = 3;
const SILENT_AFTER_MS = 60_000;

const Reading = z.looseObject({
  deviceId: Id,
  celsius: z.number(),
  powered: z.boolean(),
  time: Time,
});
type Reading = z.infer<typeof Reading>;
const Device = z.looseObject({
  deviceId: Id,
  name: z.string(),
  maxCelsius: z.number(),
  recoverCelsius: z.number(),
});
type Device = z.infer<typeof Device>;

const devices = table('devices', { schema: Device, key: ({ deviceId }) => deviceId });

interface DeviceState {
  /** What was commanded last; a device starts as on. */
  isOn: boolean;
  /** Readings in succession that speak for the next command. */
  inSuccession: number;
  last: { ms: number; celsius: number } | null;
  isSilent: boolean;
  /** Whether a timer looks after the device. */
  isWatched: boolean;
}

type Command = Readonly<Record<'commandId' | 'deviceId' | 'command' | 'reason' | 'time', string>>;
type Alert = Readonly<Record<'alertId' | 'deviceId' | 'kind' | 'time', string>> & {
  readonly celsius: number;
};
type Context = ProcessContext<DeviceState, Command | Alert>;

/**
 * Turns a device off at its third reading in succession at or above its `maxCelsius`, and on at the
 * third below its `recoverCelsius`, and says when one falls silent. A reading without a row of the
 * device is not judged; readings that are late are put aside.
 */
const judged = pipeline('machine-overheating', {
  description: 'Turns machines off before they overheat, and on when they have cooled down.',
  partitions: 3,
})
  .from('sensor-readings', { schema: Reading, eventTime, lateness: LATENESS })
  .keyBy('device', ({ deviceId }) => deviceId)
  .process('temperature', {
    state: (): DeviceState => ({
      isOn: true,
      inSuccession: 0,
      last: null,
      isSilent: false,
      isWatched: false,
    }),
    tables: [devices],
    late: 'deadLetter',
    onRecord: (reading, context: Context) => {
      watch(reading, context);
      const device = context.table(devices).get(reading.deviceId);
      if (device !== undefined) judge(reading, device, context);
    },
    onTimer: (_: null, context: Context) => {
      const { state, key } = context;
      const { ms, celsius } = state.last as { ms: number; celsius: number };
      const silentAt = ms + SILENT_AFTER_MS;
      // Readings have come since: the timer follows them.
      if (context.eventTime < silentAt) return context.schedule(silentAt);
      state.isWatched = false;
      state.isSilent = true;
      alert(context, { deviceId: key, kind: 'silent', celsius, time: timeOf(silentAt) });
    },
  });

const { commands, alerts } = judged.branch({
  commands: (made) => 'commandId' in made,
  alerts: (made) => 'alertId' in made,
});

export const machineOverheating = endsIn(
  commands.to('device-commands', { id: (made) => (made as Command).commandId }),
  alerts.to('overheating-alerts', { id: (made) => (made as Alert).alertId }),
);

/** Notes that the device was heard of. */
function watch({ deviceId, celsius, time }: Reading, context: Context): void {
  const { state } = context;
  if (state.isSilent) alert(context, { deviceId, kind: 'back', celsius, time });
  state.isSilent = false;
  state.last = { ms: msOf(time), celsius };
  if (state.isWatched) return;
  state.isWatched = true;
  context.schedule(state.last.ms + SILENT_AFTER_MS);
}

function judge({ deviceId, celsius, time }: Reading, device: Device, context: Context): void {
  const { state } = context;
  const speaksForIt = state.isOn ? celsius >= device.maxCelsius : celsius < device.recoverCelsius;
  state.inSuccession = speaksForIt ? state.inSuccession + 1 : 0;
  if (state.inSuccession < READINGS_IN_SUCCESSION) return;
  const [command, kind, limit] = state.isOn
    ? (['turn-off', 'overheating', `at or above ${device.maxCelsius}`] as const)
    : (['turn-on', 'recovered', `below ${device.recoverCelsius}`] as const);
  const reason = `${READINGS_IN_SUCCESSION} readings in succession ${limit} °C`;
  context.emit({ commandId: `${deviceId}/${command}/${time}`, deviceId, command, reason, time });
  alert(context, { deviceId, kind, celsius, time });
  state.isOn = !state.isOn;
  state.inSuccession = 0;
}

function alert({ emit }: Context, { deviceId, kind, celsius, time }: Omit<Alert, 'alertId'>): void {
  emit({ alertId: `${deviceId}/${kind}/${time}`, deviceId, kind, celsius, time });
}
