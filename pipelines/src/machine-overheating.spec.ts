import { describe, expect, it } from 'vitest';
import { machineOverheating } from './machine-overheating.ts';
import * as sample from './sample-specs/sample-run.ts';

const { at, MINUTE, SECOND } = sample;

const reading = (ms: number, celsius: number, deviceId = 'd') => ({
  deviceId,
  celsius,
  powered: true,
  time: at(ms),
});
const sent = (value: object, partition = 0) => ({ topic: 'sensor-readings', value, partition });
const device = (deviceId = 'd') => ({
  topic: 'devices',
  value: { deviceId, name: 'Press', maxCelsius: 80, recoverCelsius: 60 },
});

async function judged(...records: Parameters<typeof sample.run>[1]) {
  const driver = await sample.run(machineOverheating, records);
  return {
    commands: sample.valuesIn(driver, 'device-commands').map(({ commandId }) => commandId),
    alerts: sample.valuesIn(driver, 'overheating-alerts').map(({ alertId }) => alertId),
    late: sample.valuesIn(driver, 'machine-overheating.late').length,
  };
}

describe('machine-overheating', () => {
  it('turns off at the third hot reading in succession, on at the third cool one', async () => {
    const celsius = [80, 80, 79, 80, 80, 99, 80, 80, 80, 60, 59, 59, 60, 59, 58, 57, 56, 55, 54];
    const { commands, alerts } = await judged(
      device(),
      ...celsius.map((value, index) => sent(reading(index * SECOND, value))),
    );
    expect(commands).toEqual([`d/turn-off/${at(5 * SECOND)}`, `d/turn-on/${at(15 * SECOND)}`]);
    expect(alerts).toEqual([
      `d/overheating/${at(5 * SECOND)}`,
      `d/recovered/${at(15 * SECOND)}`,
      `d/silent/${at(18 * SECOND + MINUTE)}`,
    ]);
  });

  it('says that a device is silent after more than a minute, with or without a row', async () => {
    const { commands, alerts } = await judged(
      ...[0, MINUTE, 2 * MINUTE + 1, 2 * MINUTE + 2].map((ms) => sent(reading(ms, 99))),
    );
    expect(commands).toEqual([]);
    expect(alerts).toEqual([
      `d/back/${at(2 * MINUTE + 1)}`,
      `d/silent/${at(2 * MINUTE)}`,
      `d/silent/${at(3 * MINUTE + 2)}`,
    ]);
  });

  it('puts late readings aside', async () => {
    const { commands, late } = await judged(
      device(),
      ...[0, 1, 30].map((seconds) => sent(reading(seconds * SECOND, 90))),
      sent(reading(19 * SECOND, 20)),
    );
    expect(commands).toEqual([`d/turn-off/${at(30 * SECOND)}`]);
    expect(late).toBe(1);
  });

  it('gives what a naive reading of the rules gives, in whatever order readings come', async () => {
    const draw = sample.drawing(5);
    let ms = 0;
    const readings = Array.from({ length: 500 }, (_, index) => {
      ms += draw(40) === 0 ? 65 * SECOND : draw(3) * SECOND;
      const heat = Math.floor(index / 25) % 2 === 0 ? 78 : 50;
      return reading(ms, heat + draw(12), `d${draw(2)}`);
    });
    const log = sample.shuffledWithin(readings, draw).map((value) => sent(value, draw(3)));
    const place = new Map(log.map(({ value, partition }, index) => [value, [partition, index]]));
    const inOrder = readings.toSorted(
      (one, other) =>
        Date.parse(one.time) - Date.parse(other.time) ||
        place.get(one)![0]! - place.get(other)![0]! ||
        place.get(one)![1]! - place.get(other)![1]!,
    );
    const { commands, alerts } = await judged(device('d0'), ...log);
    const expected = naive(inOrder);
    expect(commands).toEqual(expected.commands);
    expect(alerts).toEqual(expected.alerts);
  });
});

function naive(readings: ReadonlyArray<ReturnType<typeof reading>>) {
  const commands: string[] = [];
  const alerts: string[] = [];
  for (const id of ['d0', 'd1']) {
    const own = readings.filter(({ deviceId }) => deviceId === id);
    let [isOn, count] = [true, 0];
    own.forEach(({ celsius, time }, index) => {
      const since = Date.parse(time) - Date.parse(own[index - 1]?.time ?? time);
      if (since > MINUTE) {
        alerts.push(`${id}/silent/${new Date(Date.parse(time) - since + MINUTE).toISOString()}`);
        alerts.push(`${id}/back/${time}`);
      }
      if (id === 'd1') return;
      count = (isOn ? celsius >= 80 : celsius < 60) ? count + 1 : 0;
      if (count < 3) return;
      commands.push(`${id}/${isOn ? 'turn-off' : 'turn-on'}/${time}`);
      alerts.push(`${id}/${isOn ? 'overheating' : 'recovered'}/${time}`);
      [isOn, count] = [!isOn, 0];
    });
    const end = new Date(Date.parse(own.at(-1)!.time) + MINUTE).toISOString();
    alerts.push(`${id}/silent/${end}`);
  }
  return { commands: commands.sort(), alerts: alerts.sort() };
}
