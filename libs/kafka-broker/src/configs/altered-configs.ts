import { SerialQueue } from '@penstock/kafka-log';
import type { MetadataStore } from '../metadata/metadata-store.ts';
import type { BrokerConfigs } from './broker-configs.ts';
import { RESOURCE_TYPES } from './config-target.ts';

type Values = ReadonlyMap<string, string>;

const NONE: Values = new Map();

/** Resources besides this broker, by the prefix their values have in the store. */
const PREFIXES: readonly (readonly [prefix: string, type: number])[] = [
  ['default/', RESOURCE_TYPES.broker],
  ['group/', RESOURCE_TYPES.group],
  ['client-metrics/', RESOURCE_TYPES.clientMetrics],
];

/**
 * What was altered at run time of everything but topics: this broker, the whole cluster (a broker
 * resource without name), groups, subscriptions to client metrics.
 *
 * The store keeps it as one map. A value of this broker has its config's name as key; those of
 * other resources have a prefix and, but for the cluster, the resource's name before it:
 * `default/message.max.bytes`, `group/orders/consumer.session.timeout.ms`.
 */
export class AlteredConfigs {
  /** For alterations: each starts from what the one before it left. */
  readonly changes = new SerialQueue();
  readonly #store: MetadataStore;
  readonly #broker: BrokerConfigs;
  readonly #nodeId: string;
  readonly #resources = new Map<string, Values>();

  constructor(options: { store: MetadataStore; broker: BrokerConfigs; nodeId: number }) {
    this.#store = options.store;
    this.#broker = options.broker;
    this.#nodeId = String(options.nodeId);
  }

  /** Takes over what the store has; called once, at the start. */
  restore(stored: Values): void {
    const found = new Map<string, Map<string, string>>();
    for (const [key, value] of stored) {
      const { type, name, config } = this.#parse(key);
      const resource = resourceKey(type, name);
      found.set(resource, (found.get(resource) ?? new Map<string, string>()).set(config, value));
    }
    for (const [resource, values] of found) this.#resources.set(resource, values);
    this.#apply();
  }

  of(type: number, name: string): Values {
    return this.#resources.get(resourceKey(type, name)) ?? NONE;
  }

  /** Names of the resources of a type that have altered values. */
  names(type: number): string[] {
    return [...this.#resources.keys()].flatMap((key) => {
      const [keyType, name] = JSON.parse(key) as [number, string];
      return keyType === type ? [name] : [];
    });
  }

  /** Replaces the altered values of a resource; durable and effective when it resolves. */
  async set(type: number, name: string, values: Values): Promise<void> {
    const next = new Map(this.#resources);
    if (values.size === 0) next.delete(resourceKey(type, name));
    else next.set(resourceKey(type, name), values);
    await this.#store.setBrokerConfigs(this.#format(next));
    this.#resources.clear();
    for (const [resource, kept] of next) this.#resources.set(resource, kept);
    this.#apply();
  }

  #apply(): void {
    const { broker } = RESOURCE_TYPES;
    this.#broker.setDynamic({
      ofBroker: this.of(broker, this.#nodeId),
      ofCluster: this.of(broker, ''),
    });
  }

  #format(resources: ReadonlyMap<string, Values>): Map<string, string> {
    const stored = new Map<string, string>();
    for (const [resource, values] of resources) {
      const [type, name] = JSON.parse(resource) as [number, string];
      const isThisBroker = type === RESOURCE_TYPES.broker && name !== '';
      const prefix = isThisBroker ? '' : (PREFIXES.find(([, each]) => each === type)?.[0] ?? '');
      const folder = isThisBroker || name === '' ? prefix : `${prefix}${name}/`;
      for (const [config, value] of values) stored.set(folder + config, value);
    }
    return stored;
  }

  #parse(key: string): { type: number; name: string; config: string } {
    const found = PREFIXES.find(([prefix]) => key.startsWith(prefix));
    if (!found) return { type: RESOURCE_TYPES.broker, name: this.#nodeId, config: key };
    const [prefix, type] = found;
    const rest = key.slice(prefix.length);
    // A group's name may have slashes, a config's has none.
    const slash = rest.lastIndexOf('/');
    return { type, name: rest.slice(0, Math.max(slash, 0)), config: rest.slice(slash + 1) };
  }
}

function resourceKey(type: number, name: string): string {
  return JSON.stringify([type, name]);
}
