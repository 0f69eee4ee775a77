import { RetryLater } from '../definition/definition-error.ts';
import type { Operator, PipelineDefinition, Source } from '../definition/pipeline-definition.ts';
import type { OperatorContext, SourceRecord } from '../definition/source-record.ts';

/** What a record became at the end of the operators. */
export interface Emission {
  /** The key set by `keyBy`; undefined keeps the source record's. */
  readonly key: string | null | undefined;
  readonly value: unknown;
  /** Whether an operator made the value; when none did, the source record's bytes are kept. */
  readonly changed: boolean;
  readonly context: OperatorContext;
}

/** A record that cannot be processed: its bytes, its schema or an operator failed on it. */
export class PoisonRecord extends Error {
  override readonly name = 'PoisonRecord';
  /** `decode`, `schema`, `eventTime`, an operator's kind and label, or `output`. */
  readonly stage: string;

  constructor(stage: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.stage = stage;
  }
}

const NOTHING: readonly Emission[] = [];

/**
 * Takes one record through a pipeline's operators. Returns what comes out, as a promise only when
 * something in the pipeline returned one. Throws or rejects with {@link PoisonRecord}, or with
 * {@link RetryLater} from an operator.
 */
export function processRecord(
  definition: Pick<PipelineDefinition, 'source' | 'operators'>,
  record: SourceRecord,
  attempt: number,
): readonly Emission[] | Promise<readonly Emission[]> {
  const { source, operators } = definition;
  const value = parse(source, record);
  return value instanceof Promise
    ? value.then((parsed) => start(source, operators, record, parsed, attempt))
    : start(source, operators, record, value, attempt);
}

function parse(source: Source, record: SourceRecord): unknown {
  let decoded: unknown;
  try {
    decoded = decode(source, record.value);
  } catch (cause) {
    throw new PoisonRecord('decode', cause);
  }
  try {
    const parsed = source.parse(decoded);
    return parsed instanceof Promise
      ? parsed.catch((cause: unknown) => {
          throw new PoisonRecord('schema', cause);
        })
      : parsed;
  } catch (cause) {
    throw new PoisonRecord('schema', cause);
  }
}

/** A tombstone reaches the schema as null, whatever the format. */
function decode(source: Source, value: Buffer | null): unknown {
  if (value === null || source.format === 'bytes') {
    return value;
  }
  const text = value.toString('utf8');
  return source.format === 'text' ? text : (JSON.parse(text) as unknown);
}

function start(
  source: Source,
  operators: readonly Operator[],
  record: SourceRecord,
  value: unknown,
  attempt: number,
): readonly Emission[] | Promise<readonly Emission[]> {
  const context: OperatorContext = {
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    timestamp: record.timestamp,
    eventTime: eventTimeOf(source, record, value),
    key: record.key === null ? null : record.key.toString('utf8'),
    attempt,
  };
  return apply(operators, 0, { value, key: undefined, changed: false, context });
}

function eventTimeOf(source: Source, record: SourceRecord, value: unknown): number {
  if (source.eventTime === null) {
    return record.timestamp;
  }
  try {
    const eventTime = source.eventTime(value);
    if (!Number.isFinite(eventTime)) {
      throw new TypeError(`the event time is ${String(eventTime)}, not ms since epoch`);
    }
    return eventTime;
  } catch (cause) {
    throw new PoisonRecord('eventTime', cause);
  }
}

/** Continues at operator `index`; leaves the loop when one returns a promise or several values. */
function apply(
  operators: readonly Operator[],
  index: number,
  input: Emission,
): readonly Emission[] | Promise<readonly Emission[]> {
  let emission = input;
  for (let at = index; at < operators.length; at++) {
    const operator = operators[at] as Operator;
    let outcome: unknown;
    try {
      outcome = operator.apply(emission.value, emission.context);
    } catch (cause) {
      throw asPoison(operator, cause);
    }
    if (outcome instanceof Promise) {
      const before = emission;
      return outcome.then(
        (settled: unknown) => applied(operators, at, before, settled),
        (cause: unknown) => {
          throw asPoison(operator, cause);
        },
      );
    }
    if (operator.kind === 'flatMap') {
      return applied(operators, at, emission, outcome);
    }
    const next = single(operator, emission, outcome);
    if (next === null) {
      return NOTHING;
    }
    emission = next;
  }
  return [emission];
}

function applied(
  operators: readonly Operator[],
  at: number,
  before: Emission,
  outcome: unknown,
): readonly Emission[] | Promise<readonly Emission[]> {
  const operator = operators[at] as Operator;
  if (operator.kind !== 'flatMap') {
    const next = single(operator, before, outcome);
    return next === null ? NOTHING : apply(operators, at + 1, next);
  }
  if (!Array.isArray(outcome)) {
    throw asPoison(operator, new TypeError('flatMap must return an array'));
  }
  const parts = outcome.map((value: unknown) =>
    apply(operators, at + 1, { ...before, value, changed: true }),
  );
  return parts.some((part) => part instanceof Promise)
    ? Promise.all(parts.map(async (part) => part)).then((settled) => settled.flat())
    : (parts as (readonly Emission[])[]).flat();
}

/** The one emission after an operator that makes one of one; null when it was filtered out. */
function single(operator: Operator, before: Emission, outcome: unknown): Emission | null {
  switch (operator.kind) {
    case 'filter':
      return outcome === true ? before : null;
    case 'keyBy':
      return { ...before, key: outcome as string | null };
    default:
      return { ...before, value: outcome, changed: true };
  }
}

function asPoison(operator: Operator, cause: unknown): Error {
  return cause instanceof RetryLater
    ? cause
    : new PoisonRecord(`${operator.kind} ${operator.label}`, cause);
}
