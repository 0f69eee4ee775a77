// The broker under attack, in a process of its own: what it costs and how long it does not listen
// to others can be told apart from what the attack costs.
import { TestBroker } from '@penstock/testing';
import { BlockWatch, type Blocked } from './block-watch.ts';

/** What the broker's process reports. */
export type Report =
  | { readonly type: 'ready'; readonly port: number }
  | { readonly type: 'log'; readonly level: 'warn' | 'error'; readonly text: string }
  | { readonly type: 'figures'; readonly figures: Figures }
  | { readonly type: 'collected'; readonly heapBytes: number };

export interface Figures extends Blocked {
  readonly residentBytes: number;
  readonly heapBytes: number;
  readonly externalBytes: number;
  readonly connections: number;
  readonly requestsTotal: number;
  readonly malformedRequestsTotal: number;
}

const REPORT_INTERVAL_MS = 200;

await main();

async function main(): Promise<void> {
  const watch = new BlockWatch();
  const broker = await TestBroker.start({
    durability: process.argv[2] === 'fsync' ? 'fsync' : 'os',
    logger: {
      debug: () => {},
      info: () => {},
      warn: (fields, message) => tell({ type: 'log', level: 'warn', text: line(message, fields) }),
      error: (fields, message) =>
        tell({ type: 'log', level: 'error', text: line(message, fields) }),
    },
  });
  const timer = setInterval(() => {
    const { rss, heapUsed, external } = process.memoryUsage();
    const { connections, requestsTotal, malformedRequestsTotal } = broker.broker.context.metrics;
    const figures = {
      residentBytes: rss,
      heapBytes: heapUsed,
      externalBytes: external,
      ...{ connections, requestsTotal, malformedRequestsTotal },
      ...watch.take(),
    };
    tell({ type: 'figures', figures });
  }, REPORT_INTERVAL_MS);
  process.on('message', (message) => {
    if (message === 'collect') {
      globalThis.gc?.();
      tell({ type: 'collected', heapBytes: process.memoryUsage().heapUsed });
    } else if (message === 'stop') {
      clearInterval(timer);
      watch.stop();
      void broker[Symbol.asyncDispose]().then(() => process.disconnect());
    }
  });
  // Whoever started this is gone.
  process.on('disconnect', () => process.exit());
  tell({ type: 'ready', port: broker.port });
}

function tell(report: Report): void {
  process.send?.(report);
}

function line(message: string, fields: object): string {
  const error = (fields as { err?: unknown }).err;
  const cause = error instanceof Error ? ` ${error.stack}` : '';
  return `${message} ${JSON.stringify(fields, (_, value: unknown) => (value === error && error ? undefined : value))}${cause}`;
}
