import type { Logger } from '@penstock/kafka-log';
import { silentLogger } from '@penstock/kafka-log';
import type { Crash, Random, Trace } from '@penstock/kafka-log/faults';
import { MemoryFiles, ProcessClock, SimulatedClock } from '@penstock/kafka-log/faults';
import type { Files } from '@penstock/kafka-log';
import { Broker } from '../broker.ts';
import type { MetadataStore } from '../metadata/metadata-store.ts';
import { BrokerLedger } from './broker-ledger.ts';
import { ProtocolClient } from './protocol-client.ts';
import { SimulatedNetwork } from './simulated-network.ts';
import { SimulatedStore, StoredState } from './simulated-store.ts';

const LOG_DIRECTORY = '/data/log';

/** Puts a fault into the product, to see that it is found. */
export interface Sabotage {
  readonly files?: (files: MemoryFiles) => Files;
  readonly store?: (store: MetadataStore) => MetadataStore;
  readonly broker?: (broker: Broker) => void;
}

export interface BrokerWorldOptions {
  readonly random: Random;
  readonly durability: 'fsync' | 'os';
  readonly settings: Readonly<Record<string, string>>;
  readonly machine: SimulatedClock;
  readonly trace: Trace;
  readonly fail: (error: unknown) => void;
  readonly sabotage: Sabotage;
  readonly logger?: Logger;
}

/** A machine with one broker on it, a network, and what outlives the process. */
export class BrokerWorld {
  readonly machine: SimulatedClock;
  readonly network: SimulatedNetwork;
  readonly ledger: BrokerLedger;
  readonly random: Random;
  readonly trace: Trace;
  readonly #options: BrokerWorldOptions;
  readonly #state = new StoredState();
  #clock: ProcessClock | undefined;
  #uuids = 0;
  files: MemoryFiles;
  store: SimulatedStore | undefined;
  broker: Broker | undefined;
  /** Actors come to an end. */
  isEnding = false;
  commitMs = 1;
  commitFailureChance = 0;
  syncDelayMs = 1;

  constructor(options: BrokerWorldOptions) {
    const { random, machine, durability, trace } = options;
    this.#options = options;
    this.random = random;
    this.trace = trace;
    this.machine = machine;
    this.network = new SimulatedNetwork(machine, random.fork());
    this.files = new MemoryFiles(machine);
    this.ledger = new BrokerLedger(durability);
  }

  fail(error: unknown): void {
    this.#options.fail(error);
  }

  client(): ProtocolClient {
    return new ProtocolClient(this.network, this.machine, this.#options.fail);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.machine.schedule(ms, resolve));
  }

  /** Starts a broker on what is there. */
  async start(): Promise<void> {
    const { random, durability, settings, sabotage, logger } = this.#options;
    const { files } = this;
    files.syncDelayMs = this.syncDelayMs;
    const clock = new ProcessClock(this.machine, (error) => {
      if (!files.isCrashed) this.fail(error);
    });
    const store = new SimulatedStore(clock, random, this.#state);
    store.commitMs = this.commitMs;
    store.failureChance = this.commitFailureChance;
    store.onCommit = () => files.pass('commit');
    this.#clock = clock;
    this.store = store;
    const broker = await Broker.start({
      listeners: [
        { name: 'PLAINTEXT', hosts: ['10.0.0.1'], port: 9092, advertisedHost: '10.0.0.1' },
      ],
      logDirectory: LOG_DIRECTORY,
      durability,
      store: sabotage.store?.(store) ?? store,
      logger: logger ?? silentLogger,
      settings,
      clock,
      files: sabotage.files?.(files) ?? files,
      newUuid: () => this.#newUuid(),
      listen: this.network.listen,
    });
    if (files !== this.files || files.isCrashed) return;
    sabotage.broker?.(broker);
    this.broker = broker;
  }

  /** The process ends without warning, or the machine does. */
  crash(crash: Crash): void {
    this.trace.add(`CRASH by ${crash} after ${this.files.operations} file operations`);
    this.#clock?.stop();
    this.store?.died();
    const isPower = crash === 'power loss';
    this.network.processDied(isPower);
    this.files = isPower ? this.files.losePower(this.random) : this.files.kill();
    this.broker = undefined;
    this.ledger.crashed(crash);
  }

  /** Ends the broker in good order. */
  async stop(): Promise<void> {
    const { broker, files } = this;
    this.broker = undefined;
    if (broker === undefined) return;
    try {
      await broker.stop();
    } catch (error) {
      // A disk that fails does not let it mark the end as clean.
      if (!String(error).includes('EIO')) throw error;
      this.trace.add(`the broker ended with ${String(error)}`);
    }
    if (files !== this.files || files.isCrashed) return;
    this.#clock?.stop();
    this.store?.died();
    this.network.processDied(false);
    this.files = this.files.kill();
    this.ledger.crashed('kill');
  }

  #newUuid(): string {
    const hex = (++this.#uuids).toString(16).padStart(12, '0');
    return `00000000-0000-4000-8000-${hex}`;
  }
}
