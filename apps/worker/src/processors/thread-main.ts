import { AsyncLocalStorage } from 'node:async_hooks';
import { join } from 'node:path';
import { getHeapStatistics } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import {
  type PipelineDefinition,
  SharedMark,
  StreamProcessor,
  type StreamProcessorStatus,
  UNDECIDED,
} from '@penstock/pipelines';
import { createLogger, KafkaClients } from '@penstock/platform/thread';
import { shareLibrary } from '../definitions/pipelines-library.ts';
import { pipelinesOf } from '../definitions/pipelines-module.ts';
import type {
  RunOrder,
  ThreadMessage,
  ThreadOptions,
  ThreadRequest,
  Wanted,
} from './thread-messages.ts';

/**
 * Entry of a thread that runs stream processors, and with them the code of users. It may be ended
 * at any moment: what it leaves behind is what a killed process would leave.
 */

/**
 * How often the thread shows that its event loop comes around, and its figures when they changed.
 */
const BEAT_MS = 250;
const MB = 1024 * 1024;

if (!parentPort) throw new Error('this file is the entry of a thread');
const port = parentPort;
const options = workerData as ThreadOptions;
const { config } = options;
const logger = createLogger({
  name: 'worker',
  level: config.logLevel,
  secrets: config.secrets,
}).pino;
const mark = new SharedMark(options.mark, (name) => say({ kind: 'name', name }));
const kafka = new KafkaClients({ name: 'worker', config, logger });
/** The pipeline that something asynchronous belongs to. */
const belongsTo = new AsyncLocalStorage<string>();
const processors = new Map<string, StreamProcessor>();
let definitions: ReadonlyMap<string, PipelineDefinition> = new Map();
let wanted: Wanted = { paused: new Set(), choices: new Map() };
let said = '';

process.on('uncaughtException', (error) => sayUncaught('an error that nothing caught', error));
process.on('unhandledRejection', (reason) =>
  sayUncaught('a promise that nothing waited for was rejected', reason),
);
setInterval(beat, BEAT_MS).unref();
shareLibrary();
await load();

function say(message: ThreadMessage): void {
  port.postMessage(message);
}

async function load(): Promise<void> {
  try {
    const list = await pipelinesOf(options.pipelines);
    definitions = new Map(list.map((definition) => [definition.name, definition]));
    port.on('message', receive);
    say({ kind: 'loaded', pipelines: list.map(({ name, hash }) => ({ name, hash })) });
  } catch (error) {
    say({ kind: 'refused', reason: (error as Error).message });
  }
}

function receive(request: ThreadRequest): void {
  switch (request.kind) {
    case 'run':
      wanted = request.wanted;
      request.orders.forEach(run);
      return;
    case 'follow':
      wanted = request;
      for (const [name, processor] of processors) {
        processor.setPaused(wanted.paused.has(name));
      }
      return;
    case 'stop':
      for (const [name, processor] of processors) {
        void stop(name, processor, request.stay.includes(name));
      }
  }
}

function run({ pipeline, ...order }: RunOrder): void {
  const definition = definitions.get(pipeline);
  if (definition === undefined) throw new Error(`the pipeline ${pipeline} is not in the list`);
  if (order.isFollowed) mark.follow();
  const processor = new StreamProcessor({
    ...order,
    definition,
    kafka,
    logger,
    mark,
    paused: wanted.paused.has(pipeline),
    state: () => wanted.choices.get(pipeline) ?? UNDECIDED,
    stateFolder: join(config.dataDir, 'state'),
    onState: (state, reason) => {
      sayStatuses();
      say({ kind: 'state', pipeline, state, reason });
    },
    onDeadLetters: (reasons) => say({ kind: 'dead-letters', pipeline, reasons }),
    onMember: (memberId) => say({ kind: 'member', pipeline, memberId }),
  });
  processors.set(pipeline, processor);
  belongsTo.run(pipeline, () => void processor.start());
}

async function stop(name: string, processor: StreamProcessor, stays: boolean): Promise<void> {
  await processor.stop({ leave: !stays });
  sayStatuses();
  say({ kind: 'stopped', pipeline: name });
}

function beat(): void {
  mark.beat();
  sayStatuses();
  if (getHeapStatistics().external_memory > options.memoryMb * MB) {
    say({ kind: 'memory' });
  }
}

function sayStatuses(): void {
  const statuses: Record<string, StreamProcessorStatus> = {};
  for (const [name, processor] of processors) statuses[name] = processor.status;
  const words = JSON.stringify(statuses);
  if (words === said) return;
  said = words;
  say({ kind: 'status', statuses });
}

function sayUncaught(what: string, error: unknown): void {
  logger.error({ pipeline: belongsTo.getStore(), err: error }, what);
  const message = error instanceof Error ? error.message : String(error);
  const pipeline = belongsTo.getStore() ?? null;
  say({ kind: 'uncaught', pipeline, work: mark.begunBy ?? null, reason: `${what}: ${message}` });
  // What failed must not be committed before the main thread ends this one.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
