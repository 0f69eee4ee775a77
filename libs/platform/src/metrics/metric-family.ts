/** One family of figures, as Prometheus calls what has one name, one help and one type. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly samples: readonly MetricSample[];
}

export interface MetricSample {
  /** Of the sample where it differs from the family's: `…_bucket`, `…_sum`, `…_count`. */
  readonly name?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** The figures of one process. */
export interface ProcessMetrics {
  /** Becomes the label `process` of each sample. */
  readonly process: string;
  readonly families: readonly MetricFamily[];
}

/** Content type of `exposition`. */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * All figures in Prometheus' text format. Families of the same name are one: the format allows a
 * name one block only, with its help and its type first.
 */
export function exposition(processes: readonly ProcessMetrics[]): string {
  const blocks = new Map<string, string[]>();
  for (const { process, families } of processes) {
    for (const family of families) {
      let lines = blocks.get(family.name);
      if (lines === undefined) {
        const help = family.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
        lines = [`# HELP ${family.name} ${help}`, `# TYPE ${family.name} ${family.type}`];
        blocks.set(family.name, lines);
      }
      for (const { name = family.name, labels, value } of family.samples) {
        lines.push(
          `${name}${labelText({ ...labels, ...(process && { process }) })} ${numberText(value)}`,
        );
      }
    }
  }
  return [...blocks.values()].map((lines) => `${lines.join('\n')}\n`).join('\n');
}

function labelText(labels: Readonly<Record<string, string | number>>): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${escaped(String(value))}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function numberText(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}

/** A family of one figure without labels. */
export function single(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  value: number,
): MetricFamily {
  return { name, help, type, samples: [{ labels: {}, value }] };
}
