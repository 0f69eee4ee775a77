import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, freePort, ManagedProcess, repositoryRoot, run } from '@penstock/testing';
import { JVM_ARGUMENTS } from './kafka-tools.ts';
import { createTopic, isServing } from './raw-requests.ts';

export type BrokerName = 'kafka' | 'penstock' | 'null';
export type Durability = 'os' | 'fsync';

/** How a broker is started, again and again on the same data. */
export interface BrokerPlan {
  readonly name: BrokerName;
  readonly port: number;
  readonly folder: string;
  /** Where `<topic>-<partition>` lies, with segments that end in `.log`. */
  readonly logFolder: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Configs that a topic needs for the durability to be measured. */
  readonly topicConfigs: Readonly<Record<string, string>>;
}

const START_DEADLINE_MS = 60_000;

/** Apache Kafka on one node, KRaft, its storage formatted. */
export async function planKafka(
  classPathFolder: string,
  folder: string,
  durability: Durability,
): Promise<BrokerPlan> {
  const [port, controllerPort] = [await freePort(), await freePort()];
  const logFolder = join(folder, 'data');
  const properties = join(folder, 'server.properties');
  await mkdir(folder, { recursive: true });
  writeFileSync(properties, kafkaProperties(port, controllerPort, logFolder));
  const java = ['-cp', join(classPathFolder, '*')];
  const clusterId = Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64url');
  const format = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', properties];
  await run('java', [...java, ...format, '--standalone']);
  const args = ['-Xms1G', '-Xmx1G', ...JVM_ARGUMENTS, ...java, 'kafka.Kafka', properties];
  const topicConfigs = durability === 'fsync' ? { 'flush.messages': '1' } : {};
  return { name: 'kafka', port, folder, logFolder, command: 'java', args, env: {}, topicConfigs };
}

function kafkaProperties(port: number, controllerPort: number, logFolder: string): string {
  const address = `PLAINTEXT://127.0.0.1:${port}`;
  return `process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:${controllerPort}
listeners=${address},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=${address}
controller.listener.names=CONTROLLER
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.dirs=${logFolder}
`;
}

/** Penstock's broker process as the supervisor starts it. */
export async function planPenstock(folder: string, durability: Durability): Promise<BrokerPlan> {
  const port = await freePort();
  await mkdir(folder, { recursive: true });
  const app = join(repositoryRoot, 'apps', 'broker');
  const { nodeArguments } = JSON.parse(readFileSync(join(app, 'package.json'), 'utf8')) as {
    nodeArguments: string[];
  };
  return {
    name: 'penstock',
    port,
    folder,
    logFolder: join(folder, 'log'),
    command: process.execPath,
    args: [...nodeArguments, join(app, 'dist', 'main.js')],
    env: {
      PENSTOCK_KAFKA_PORT: String(port),
      PENSTOCK_DATA_DIR: folder,
      PENSTOCK_DURABILITY: durability,
      PENSTOCK_LOG_LEVEL: 'info',
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
    },
    topicConfigs: {},
  };
}

export async function planNull(folder: string): Promise<BrokerPlan> {
  const port = await freePort();
  const script = join(repositoryRoot, 'tools', 'bench', 'null-broker.ts');
  const args = ['--conditions=source', script, String(port)];
  const nowhere = { folder, logFolder: folder, env: {}, topicConfigs: {} };
  return { name: 'null', port, command: process.execPath, args, ...nowhere };
}

/** A broker that runs. */
export class RunningBroker implements AsyncDisposable {
  static readonly #running = new Set<RunningBroker>();
  readonly plan: BrokerPlan;
  readonly #process: ManagedProcess;

  private constructor(plan: BrokerPlan) {
    this.plan = plan;
    this.#process = new ManagedProcess({
      command: plan.command,
      args: [...plan.args],
      env: { ...plan.env },
      cwd: plan.folder,
      ipc: plan.name === 'penstock',
    });
    RunningBroker.#running.add(this);
  }

  /** Ends what an interrupted measurement left running. */
  static async killAll(): Promise<void> {
    await Promise.all([...RunningBroker.#running].map((broker) => broker.stop('SIGKILL')));
  }

  /** Starts the process, and does not wait for anything. */
  static spawn(plan: BrokerPlan): RunningBroker {
    return new RunningBroker(plan);
  }

  /** Starts the process and waits until it answers. */
  static async start(plan: BrokerPlan): Promise<RunningBroker> {
    const broker = RunningBroker.spawn(plan);
    await eventually(() => broker.assertAlive() && isServing(plan.port), {
      deadlineMs: START_DEADLINE_MS,
      what: `an answer of ${plan.name}`,
    });
    return broker;
  }

  get name(): BrokerName {
    return this.plan.name;
  }
  get port(): number {
    return this.plan.port;
  }
  get pid(): number {
    return this.#process.pid;
  }
  /** What Penstock's process reported to its supervisor, every ten seconds. */
  get metrics(): Record<string, number>[] {
    return this.#process.messages.flatMap((message) => {
      const { type, metrics } = message as { type?: string; metrics?: Record<string, number> };
      return type === 'metrics' && metrics ? [metrics] : [];
    });
  }

  /** A topic of this broker; the null broker has them all. */
  async createTopic(name: string, partitions: number): Promise<void> {
    if (this.name === 'null') return;
    await createTopic(this.port, {
      name,
      numPartitions: partitions,
      configs: this.plan.topicConfigs,
    });
  }

  /** True; throws with what it said when it has ended. */
  assertAlive(): true {
    const { exit, output } = this.#process;
    if (exit === undefined) return true;
    throw new Error(`${this.name} ended: ${JSON.stringify(exit)}\n${output.slice(-4000)}`);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#process.stop(signal, 30_000);
    RunningBroker.#running.delete(this);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
