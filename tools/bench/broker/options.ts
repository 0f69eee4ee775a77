import { readOptions as readWords, wholeNumber } from '../../install/tool.mjs';

/** What can be measured, in the order in which it is. */
export const PARTS = {
  start: 'from the start of the process to the first acknowledged record',
  produce: 'producer throughput and broker CPU, durability os against Kafka as it comes',
  latency: '99th percentile at 20,000 records of 1 KiB a second, and end to end',
  consume: 'consumer throughput and broker CPU from a warm and from a cold log',
  memory: 'what is resident after the load of the parts above',
  wakeup: 'how soon a waiting fetch is answered, and the delay of the event loop under load',
  fsync: 'produce and end to end, durability fsync against flush.messages=1',
  many: '1,000 topics of 10 partitions, and 5,000 idle connections',
  large: 'restart with a log of 10 GB after kill -9',
} as const;

export type Part = keyof typeof PARTS;

export interface Options {
  readonly parts: ReadonlySet<Part>;
  /** How often each comparison is made. */
  readonly pairs: number;
  /** A quarter of the records: to see that it works, not what it gives. */
  readonly isQuick: boolean;
}

export const HELP = `npm run bench -- broker [--pairs N] [--only PART,PART…] [--quick]

Measures Penstock's broker beside Apache Kafka with Kafka's own tools, in pairs and in turn.

  --pairs N   comparisons per row, 5 by default
  --only …    some of the parts:
${Object.entries(PARTS)
  .map(([name, what]) => `                ${name.padEnd(9)}${what}`)
  .join('\n')}
  --quick     a quarter of the records and 2 pairs: shows that it works, not what it gives
`;

/**
 * Reads the command line; undefined when help was asked for.
 * @throws Error that says what is wrong
 */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = readWords('npm run bench -- broker --help', {
    args: [...args],
    options: {
      pairs: { type: 'string' },
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const pairs = wholeNumber('--pairs', values.pairs ?? (values.quick ? '2' : '5'));
  const names = values.only?.split(',') ?? Object.keys(PARTS);
  const unknown = names.find((name) => !(name in PARTS));
  if (unknown !== undefined) {
    throw new Error(`there is no part ${unknown}: there are ${Object.keys(PARTS).join(', ')}`);
  }
  return { parts: new Set(names as Part[]), pairs, isQuick: values.quick };
}
