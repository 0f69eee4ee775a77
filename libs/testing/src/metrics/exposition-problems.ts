const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"';
const SAMPLE = new RegExp(`^(${NAME})(\\{(?:${LABEL}(?:,${LABEL})*,?)?\\})? (\\S+)$`);
const HELP = new RegExp(`^# HELP (${NAME}) (.+)$`);
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram|summary|untyped)$`);
const NUMBER = /^([+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?|NaN|[+-]Inf)$/i;

/**
 * What is wrong with a page in Prometheus' text format 0.0.4, as its parser and `promtool check
 * metrics` see it; empty when nothing is.
 */
export function expositionProblems(text: string): string[] {
  const problems: string[] = [];
  const helped = new Set<string>();
  const types = new Map<string, string>();
  const series = new Set<string>();
  let current: string | undefined;
  if (!text.endsWith('\n')) problems.push('the last line does not end');
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const help = HELP.exec(line)?.[1];
    const type = TYPE.exec(line);
    if (help !== undefined) {
      if (helped.has(help)) problems.push(`HELP twice: ${help}`);
      helped.add(help);
      current = help;
    } else if (type) {
      const [, name = '', kind = ''] = type;
      if (types.has(name)) problems.push(`TYPE twice: ${name}`);
      if (!helped.has(name)) problems.push(`no HELP before TYPE: ${name}`);
      types.set(name, kind);
      current = name;
      if ((kind === 'counter') !== name.endsWith('_total')) {
        problems.push(`a counter ends with _total and nothing else does: ${name} is a ${kind}`);
      }
    } else {
      problems.push(...sampleProblems(line, current, types, series));
    }
  }
  return problems;
}

function sampleProblems(
  line: string,
  family: string | undefined,
  types: ReadonlyMap<string, string>,
  series: Set<string>,
): string[] {
  const sample = SAMPLE.exec(line);
  if (!sample) return [`not a line of the format: ${line}`];
  const [, name = '', labels = '', value = ''] = sample;
  const problems: string[] = [];
  const kind = family === undefined ? undefined : types.get(family);
  if (kind === undefined || !belongs(name, family ?? '', kind)) {
    problems.push(`not below its own TYPE: ${line}`);
  }
  if (!NUMBER.test(value)) problems.push(`not a number: ${line}`);
  const names = [...labels.matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="/g)].map((match) => match[1]);
  if (new Set(names).size < names.length) problems.push(`a label twice: ${line}`);
  const key = name + labels;
  if (series.has(key)) problems.push(`a series twice: ${key}`);
  series.add(key);
  return problems;
}

function belongs(name: string, family: string, kind: string): boolean {
  if (name === family) return kind !== 'histogram';
  const suffixes = { histogram: ['_bucket', '_sum', '_count'], summary: ['_sum', '_count'] }[kind];
  return suffixes?.some((suffix) => name === family + suffix) ?? false;
}
