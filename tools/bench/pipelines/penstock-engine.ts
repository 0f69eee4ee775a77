// The topologies of this benchmark in Penstock, as a worker runs them.
// Usage: node penstock-engine.ts SERVERS TOPOLOGY STATE_FOLDER
import {
  pipeline,
  type PipelineDefinition,
  StreamProcessor,
  table,
  tumbling,
} from '@penstock/pipelines';
import { createLogger, KafkaClients } from '@penstock/platform';

interface Payment {
  readonly amount: number;
  readonly at: number;
}

const [servers = '', name = '', stateFolder = ''] = process.argv.slice(2);
const schema = (value: unknown): Payment => value as Payment;
const payments = () => pipeline(`penstock-${name}`).from('payments', { schema });
const topologies: Record<string, () => PipelineDefinition> = {
  stateless: () =>
    payments()
      .filter(({ amount }) => amount >= 50)
      .map((payment) => ({ ...payment, large: true }))
      .to('penstock-stateless'),
  windowed: () =>
    payments()
      .byRecordKey()
      .window(tumbling('1m'))
      .aggregate({
        init: () => 0,
        add: (count) => count + 1,
        result: (_, count) => ({ count }),
      })
      .to('penstock-windowed'),
  counted: () =>
    payments()
      .byRecordKey()
      .aggregate({ init: () => 0, add: (count) => count + 1, result: (_, count) => ({ count }) })
      .to('penstock-counted'),
  joined: () =>
    payments()
      .joinTable(
        table('users', { schema: (row) => row as object }),
        (payment, user) => ({ ...payment, user }),
        { missing: 'null' },
      )
      .to('penstock-joined'),
};
const logger = createLogger({ name: 'worker', level: 'warn' });
const processor = new StreamProcessor({
  definition: topologies[name]!(),
  kafka: new KafkaClients({
    name: 'worker',
    config: { kafka: { bootstrapServers: [servers] } as never },
    logger: logger.pino,
  }),
  logger: logger.pino,
  stateFolder,
});
process.once('SIGTERM', () => void processor.stop().then(() => process.exit()));
await processor.start();
