import type { TaskOptions } from '../task/task-options.ts';
import type { OutputRecord, TaskOutput } from '../task/task-output.ts';

export interface TestOutput {
  /** The topic, or the name of the file. */
  readonly topic: string;
  readonly key: string | null;
  /** The JSON of the value; null for a tombstone. */
  readonly value: unknown;
  /** The output's identity (`penstock.id`). */
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface TestDeadLetter {
  readonly value: Buffer | null;
  /** All headers as text, the reason's `penstock.errors.*` among them. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface TestLate {
  readonly operator: string;
  readonly byMs: number;
  readonly value: unknown;
}

export function toOutput(output: TaskOutput): TestOutput[] {
  if (output.kind === 'row') {
    const { fileName, id, value } = output;
    return [{ topic: fileName, key: null, value, id, headers: {} }];
  }
  if (output.purpose !== 'sink' && output.purpose !== 'late') return [];
  const headers = textOf(output);
  return [
    {
      topic: output.topic,
      key: output.key === null ? null : Buffer.from(output.key).toString('utf8'),
      value: output.value === null ? null : parse(Buffer.from(output.value)),
      id: headers['penstock.id'] ?? positionIn(headers),
      headers,
    },
  ];
}

export function toDeadLetter(output: TaskOutput): TestDeadLetter[] {
  if (output.kind === 'row' || output.purpose !== 'deadLetter') return [];
  const value = output.value === null ? null : Buffer.from(output.value);
  return [{ value, headers: textOf(output) }];
}

export function toLate(late: Parameters<NonNullable<TaskOptions['onLate']>>[0]): TestLate {
  return { operator: late.operator, byMs: late.byMs, value: late.item.value };
}

/** The last output of each identity in each topic, in the order of topic and identity. */
export function lastOfEach(outputs: readonly TestOutput[]): TestOutput[] {
  const last = new Map(outputs.map((output) => [`${output.topic}\u0000${output.id}`, output]));
  return [...last].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, output]) => output);
}

/** A late record is the same as its source record. */
function positionIn(headers: Readonly<Record<string, string>>): string {
  const parts = ['topic', 'partition', 'offset'].map((name) => headers[`penstock.late.${name}`]);
  return parts.join('/');
}

function textOf({ headers }: OutputRecord): Record<string, string> {
  return Object.fromEntries(
    headers.map(([name, value]) => [
      Buffer.from(name).toString(),
      value === null ? '' : Buffer.from(value).toString(),
    ]),
  );
}

function parse(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString('utf8')) as unknown;
  } catch {
    return value.toString('utf8');
  }
}
