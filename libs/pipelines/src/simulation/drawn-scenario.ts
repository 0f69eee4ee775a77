import type { SourceRecord } from '../topology/source-record.ts';
import { DrawnPipeline, type Traits } from './drawn-pipeline.ts';
import type { Scenario } from './simulated-run.ts';
import { SeededRandom } from './seeded-random.ts';
import { onLog } from './simulated-log.ts';
import { DEVICES, KEYS, START } from './drawn-values.ts';

const LATENESS_MS = 10_000;
const RECORDS_MAX = 12;

/** A pipeline and records for it, drawn from a seed. */
export function drawScenario(seed: number): Scenario & { readonly description: string } {
  const random = new SeededRandom(seed);
  const drawn = new DrawnPipeline(random, LATENESS_MS);
  const definition = drawn.draw();
  const partitions = random.int(1, 3);
  return {
    definition,
    description: drawn.steps.join(' → '),
    partitions,
    records: [...drawTable(drawn.traits), ...drawRecords(random, drawn, partitions)],
    timeOf: ({ timestamp }) => timestamp,
    now: START + 24 * 3_600_000,
    rowsComeLater: drawn.traits.rowsComeLater,
    idles: drawn.traits.idles && random.oneIn(2),
  };
}

/** Records in the order of each partition. Partitions have clocks of their own; some are empty. */
function drawRecords(
  random: SeededRandom,
  { topics, traits }: DrawnPipeline,
  partitions: number,
): Array<Omit<SourceRecord, 'offset'>> {
  return topics.flatMap((topic) =>
    Array.from({ length: partitions }, (_, partition) => {
      let clock = START + random.below(12) * 5_000;
      const count = random.oneIn(6) ? 0 : random.int(1, RECORDS_MAX);
      return Array.from({ length: count }, () => {
        clock += random.below(7) * 5_000;
        const isLate = random.oneIn(6);
        // Coarse times, so that many are equal.
        const at = clock - (isLate ? random.below(40) * 5_000 : random.below(3) * 5_000);
        return onLog({
          topic,
          partition,
          ...drawRecord(random, at, traits, partition, partitions),
        });
      });
    }).flat(),
  );
}

function drawRecord(
  random: SeededRandom,
  at: number,
  traits: Traits,
  partition: number,
  partitions: number,
): { value: unknown; key: string | null; timestamp: number } {
  // Where nothing spreads the records by key, each key is in one partition.
  const keys = traits.isKeyed ? KEYS.filter((_, index) => index % partitions === partition) : KEYS;
  const key = random.pick(keys.length > 0 ? keys : [`only in ${partition}`]);
  const made = { key: random.oneIn(25) ? null : key, timestamp: at };
  if (random.oneIn(30)) return { ...made, value: null };
  if (random.oneIn(30)) return { ...made, value: Buffer.from('{ "key": ') };
  return {
    ...made,
    value: {
      key: random.oneIn(25) ? null : key,
      device: random.oneIn(20) ? 'nowhere' : random.pick(DEVICES),
      at: random.oneIn(40) ? 'yesterday' : at,
      amount: random.below(14),
    },
  };
}

/** The newest row of each device counts; one was removed. */
function drawTable({ table, rowsComeLater }: Traits): Array<Omit<SourceRecord, 'offset'>> {
  if (table === null) return [];
  const row = (device: string, factor: number) =>
    onLog({ topic: table, key: device, value: { device, factor } });
  if (rowsComeLater) return DEVICES.map((device, index) => row(device, index + 2));
  return [
    ...DEVICES.map((device) => row(device, 1)),
    ...DEVICES.map((device, index) => row(device, index + 2)),
    onLog({ topic: table, key: DEVICES[0] as string, value: null }),
  ];
}
