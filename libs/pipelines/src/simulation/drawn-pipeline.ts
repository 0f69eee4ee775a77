import { calendar, hopping, session, tumbling, type WindowSpec } from '../time/windows.ts';
import { endsIn } from '../topology/ended-stream.ts';
import { pipeline, type RecordStream } from '../topology/pipeline-builder.ts';
import type { PipelineDefinition } from '../topology/pipeline-definition.ts';
import { table } from '../topology/table.ts';
import { DEVICES, parseValue, POISON, type Value } from './drawn-values.ts';
import type { SeededRandom } from './seeded-random.ts';

/** What records of a drawn pipeline may be like, so that its results are the same by definition. */
export interface Traits {
  /** Its first keyed operator takes records as they are partitioned. */
  isKeyed: boolean;
  /** What an idle partition brings later corrects a row, and rows are all there is to correct. */
  idles: boolean;
  /** Rows change their values over time, and so the branch that takes them. */
  changes: boolean;
  /** Topic of a table. */
  table: string | null;
  /** Its rows come while records are read, each once. */
  rowsComeLater: boolean;
}

type Stream = RecordStream<Value>;

const ADDED = {
  init: () => ({ sum: 0, count: 0 }),
  merge: (one: Sum, two: Sum) => ({ sum: one.sum + two.sum, count: one.count + two.count }),
};

interface Sum {
  readonly sum: number;
  readonly count: number;
}

/** A pipeline of operators that are drawn one behind the other. */
export class DrawnPipeline {
  /** What was drawn, for people. */
  readonly steps: string[] = [];
  readonly topics: string[] = [];
  readonly traits: Traits = {
    isKeyed: false,
    idles: true,
    changes: false,
    table: null,
    rowsComeLater: false,
  };
  readonly #random: SeededRandom;
  readonly #latenessMs: number;

  constructor(random: SeededRandom, latenessMs: number) {
    this.#random = random;
    this.#latenessMs = latenessMs;
  }

  draw(): PipelineDefinition {
    const start = pipeline('drawn', { retry: { attempts: this.#random.int(1, 2), backoffMs: 1 } });
    const source = (topics: string[]): Stream => {
      this.topics.push(...topics);
      return start.from(topics, {
        schema: parseValue,
        eventTime: ({ at }) => at,
        lateness: this.#latenessMs,
      });
    };
    const sources = this.#random.below(4);
    if (sources === 0) return this.#drawJoin(source(['a']), source(['b']));
    let stream = sources === 1 ? source(['a', 'b']) : source(['a']);
    if (sources === 2) stream = this.#say('merge', stream.merge(source(['b'])));
    for (let count = this.#random.below(3); count > 0; count--) {
      stream = this.#drawStateless(stream);
    }
    if (this.#random.oneIn(8)) return this.#end(stream);
    if (this.#random.oneIn(12) && this.traits.table === null) {
      return this.#end(this.#drawWait(stream));
    }
    return this.#drawKeyed(this.#drawKey(stream));
  }

  // Operators on one value.

  #drawStateless(stream: Stream): Stream {
    switch (this.#random.below(6)) {
      case 0:
        return this.#say('map', stream.map(refusePoison));
      case 1:
        return this.#say(
          'map to a promise',
          stream.map((value) => turn().then(() => refusePoison(value))),
        );
      case 2:
        return this.#say(
          'filter',
          stream.filter(({ amount }) => amount % 5 !== 4),
        );
      case 3:
        return this.#say('flatMap', stream.flatMap(spread));
      case 4:
        return this.#drawTableJoin(stream);
      default:
        return this.#drawMapAsync(stream);
    }
  }

  #drawMapAsync(stream: Stream): Stream {
    const concurrency = this.#random.int(1, 3);
    const change = async (value: Value, { attempt }: { attempt: number }): Promise<Value> => {
      for (let turns = value.amount % 4; turns >= 0; turns--) await turn();
      // The first try of some fails, and every try of others.
      if (attempt === 1 && value.amount % 6 === 5) throw new Error('a service is away');
      return refusePoison(value);
    };
    return this.#say('mapAsync', stream.mapAsync(change, { concurrency }));
  }

  #drawTableJoin(stream: Stream): Stream {
    this.traits.table ??= 'devices';
    const devices = devicesIn(this.traits.table);
    const byDevice = stream.keyBy('device', ({ device }) => device);
    return this.#say(
      'joinTable',
      this.#random.oneIn(2)
        ? byDevice.joinTable(devices, (value, row) => ({
            ...value,
            amount: value.amount * row.factor,
          }))
        : byDevice.joinTable(
            devices,
            (value, row) => ({ ...value, amount: value.amount + (row?.factor ?? 100) }),
            { missing: 'null' },
          ),
    );
  }

  /** What waited for its row has an older time: what is behind it must not ask for that. */
  #drawWait(stream: Stream): Stream {
    this.traits.table = 'devices';
    this.traits.rowsComeLater = true;
    const byDevice = stream.keyBy('device', ({ device }) => device);
    return this.#say(
      'joinTable that waits',
      byDevice.joinTable(
        devicesIn('devices'),
        (value, row) => ({ ...refusePoison(value), amount: value.amount * row.factor }),
        { missing: 'wait' },
      ),
    );
  }

  // Operators per key.

  #drawKey(stream: Stream): Stream {
    const isPlain = this.steps.every((step) => step !== 'joinTable');
    if (isPlain && this.#random.oneIn(3)) {
      this.traits.isKeyed = true;
      return this.#say('byRecordKey', stream.byRecordKey());
    }
    const asks = this.#random.oneIn(4);
    return this.#say(
      asks ? 'keyBy with a promise' : 'keyBy',
      stream.keyBy('key', asks ? (value) => turn().then(() => value.key) : ({ key }) => key),
    );
  }

  #drawKeyed(stream: Stream): PipelineDefinition {
    let keyed = stream;
    if (this.#random.oneIn(5)) keyed = this.#drawMapAsync(keyed);
    switch (this.#random.below(9)) {
      case 0:
      case 1:
        return this.#drawWindow(keyed, true);
      case 2:
      case 3:
        return this.#drawSecond(this.#drawProcess(keyed));
      case 4:
        return this.#drawSecond(this.#drawDedupe(keyed));
      case 5:
        return this.#drawAggregate(keyed);
      default:
        return this.#drawSecond(this.#drawWindowed(keyed, 'final'));
    }
  }

  #drawSecond(stream: Stream): PipelineDefinition {
    // What came before it cannot be corrected any more.
    if (this.traits.changes || this.#random.oneIn(3)) return this.#end(stream);
    this.traits.idles = false;
    let next = stream;
    if (this.#random.oneIn(4)) next = this.#drawMapAsync(next);
    const key = this.#random.below(3);
    if (key === 0) {
      next = this.#say(
        'keyBy device',
        next.keyBy('device', ({ device }) => device),
      );
    }
    if (key === 1) {
      next = this.#say(
        'keyBy all',
        next.keyBy('all', () => 'all'),
      );
    }
    switch (this.#random.below(6)) {
      case 0:
        return this.#drawWindow(next, false);
      case 1:
        return this.#drawAggregate(next);
      case 2:
        return this.#end(this.#drawDedupe(next));
      case 3:
        return this.#end(this.#drawWindowed(next, 'final'));
      default:
        return this.#end(this.#drawProcess(next));
    }
  }

  #drawSpec(): WindowSpec {
    return this.#random.pick([
      tumbling('10s'),
      hopping('20s', { every: '10s' }),
      calendar('day', { timeZone: 'Europe/Berlin' }),
      session('12s'),
    ]);
  }

  /** A window whose rows may come more than once; nothing keyed can follow. */
  #drawWindow(stream: Stream, mayChange: boolean): PipelineDefinition {
    const emit = mayChange && this.#random.oneIn(3) ? 'changes' : 'final';
    const lates = mayChange ? (['drop', 'update', 'deadLetter'] as const) : (['drop'] as const);
    return this.#end(this.#drawWindowed(stream, emit, this.#random.pick(lates)));
  }

  #drawWindowed(
    stream: Stream,
    emit: 'final' | 'changes',
    drawnLate: 'drop' | 'update' | 'deadLetter' = 'drop',
  ): Stream {
    const spec = this.#drawSpec();
    const isSession = spec.kind === 'session';
    if (isSession) this.traits.idles = false;
    const late = isSession && drawnLate === 'update' ? 'drop' : drawnLate;
    const grace = this.#random.below(2) * 15_000;
    const shown = isSession ? 'final' : emit;
    // A record that is not late may make a session longer that was written.
    if (isSession || shown === 'changes' || late === 'update' || this.traits.idles) {
      this.traits.changes = true;
    }
    return this.#say(
      `window ${spec.kind} with grace ${grace}, late ${late}, emit ${shown}`,
      stream
        .window(spec, { grace, late, emit: shown })
        .aggregate({
          ...ADDED,
          add: ({ sum, count }, value) => ({
            sum: sum + refusePoison(value).amount,
            count: count + 1,
          }),
          result: (_, { sum, count }) => ({ sum, count }),
        })
        .map((row) => ({
          key: row.key,
          device: DEVICES[row.sum % DEVICES.length] as string,
          at: Date.parse(row.windowStart),
          amount: row.sum * 100 + row.count,
        })),
    );
  }

  #drawAggregate(stream: Stream): PipelineDefinition {
    this.traits.changes = true;
    return this.#end(
      this.#say(
        'aggregate',
        stream
          .aggregate({
            ...ADDED,
            add: ({ sum, count }, { amount }) => ({ sum: sum + amount, count: count + 1 }),
            result: (_, { sum, count }) => ({ sum, count }),
          })
          .map((row) => ({ key: row.key, device: '', at: 0, amount: row.sum * 100 + row.count })),
      ),
    );
  }

  #drawProcess(stream: Stream): Stream {
    this.traits.idles = false;
    const late = this.#random.pick(['drop', 'deadLetter', 'apply'] as const);
    const waits = this.#random.pick([-7_000, 0, 5_000, 20_000]);
    return this.#say(
      `process with timers after ${waits}, late ${late}`,
      stream.process({
        late,
        state: () => ({ total: 0, open: 0, seen: [] as [at: number, total: number][] }),
        onRecord: (value: Value, context) => {
          if (context.late) {
            // It may not touch what others make, but knows all that was on time before it.
            const before = context.state.seen.filter(([at]) => at <= context.eventTime);
            const [, total] = before.at(-1) ?? [0, 0];
            return context.emit({ ...value, amount: -value.amount - total * 1_000 });
          }
          context.state.seen.push([context.eventTime, value.amount]);
          context.state.total = (context.state.total * 3 + value.amount) % 1_000_003;
          context.state.open += 1;
          context.schedule(context.eventTime + waits, value.amount);
          context.emit({ ...refusePoison(value), amount: context.state.total });
        },
        onTimer: (amount: number, context) => {
          context.state.open -= 1;
          const { total, open } = context.state;
          const device = DEVICES[total % DEVICES.length] as string;
          context.emit({ key: context.key, device, at: context.now(), amount: total * 100 + open });
          if (amount % 4 === 1) context.schedule(context.now() + 7_000, amount + 1);
        },
      }),
    );
  }

  #drawDedupe(stream: Stream): Stream {
    this.traits.idles = false;
    const within = this.#random.pick(['10s', '40s']);
    return this.#say(
      `dedupe within ${within}`,
      stream.dedupe({ by: ({ amount }) => String(amount % 3), within }),
    );
  }

  #drawJoin(left: Stream, right: Stream): PipelineDefinition {
    const kind = this.#random.pick(['inner', 'left'] as const);
    if (kind === 'left') this.traits.idles = false;
    const within = this.#random.pick([0, 10_000, 30_000]);
    const options = { within, kind, late: this.#random.pick(['drop', 'deadLetter'] as const) };
    const isKeyed = this.#random.oneIn(3);
    this.traits.isKeyed = isKeyed;
    const key = (stream: Stream): Stream =>
      isKeyed ? stream.byRecordKey() : stream.keyBy('key', (value) => value.key);
    const joined = key(left).join(
      this.#random.oneIn(2) ? key(right) : key(this.#drawStateless(right)),
      options as typeof options & { kind: 'left' },
      (one, other) => ({ ...one, amount: one.amount * 100 + (other?.amount ?? 99) }),
    );
    this.#say(`join ${kind} within ${within}${isKeyed ? ' by record key' : ''}`, null);
    return this.#random.oneIn(2) ? this.#end(joined) : this.#drawSecond(joined);
  }

  // Ends.

  #end(stream: Stream): PipelineDefinition {
    const { changes, rowsComeLater } = this.traits;
    switch (this.#random.int(changes ? 1 : 0, changes || rowsComeLater ? 2 : 4)) {
      case 3:
        this.steps.push('two ends, one of which may fail');
        return endsIn(
          this.#drawMapAsync(stream).to('slow'),
          stream.map((value, { attempt }) => refuseSome(value, attempt)).to('quick'),
        );
      case 4:
        this.steps.push('two maps that merge');
        return stream
          .map(refusePoison)
          .merge(stream.map(({ amount }) => amount))
          .to('out');
      case 0: {
        const { low, high } = stream.branch({
          low: ({ amount }) => amount < 300,
          high: ({ amount }) => amount >= 200,
        });
        this.steps.push('branch');
        return endsIn(low.to('low'), high.map(({ amount }) => amount).to('high'));
      }
      case 1:
        this.steps.push('map and a file');
        return stream
          .map(({ key, amount }) => ({ key, amount }))
          .to('out')
          .toCsv('out.csv', ['key', 'amount']);
      default:
        return stream.to('out');
    }
  }

  #say<Made>(step: string, made: Made): Made {
    this.steps.push(step);
    return made;
  }
}

function devicesIn(topic: string) {
  return table(topic, { schema: (row) => row as { device: string; factor: number } });
}

function refusePoison(value: Value): Value {
  if (value.amount === POISON) throw new RangeError('poison');
  return { ...value, amount: value.amount + 1 };
}

/** Fails for some, and at the first try for others. */
function refuseSome(value: Value, attempt: number): Value {
  if (attempt === 1 && value.amount % 6 === 3) throw new RangeError('not yet');
  return refusePoison(value);
}

/** None, one or several. */
function spread(value: Value): Value[] {
  return Array.from({ length: value.amount % 3 }, (_, index) => ({
    ...value,
    amount: value.amount + index,
  }));
}

function turn(): Promise<void> {
  return Promise.resolve();
}
